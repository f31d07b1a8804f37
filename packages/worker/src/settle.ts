import { type BackoffPolicy, backoffDelayMs } from '@bullpen/shared';
import { DelayedError, type Job, UnrecoverableError, WaitingError } from 'bullmq';
import type { Outcome } from './outcome.js';
import type { Thrown } from './thrown.js';

/** What {@link handBack} needs: the means to give a job back. */
export interface HandingBack {
  readonly job: Job;
  readonly token: string;
  /** Writes to Redis through an outage, as long as the job is ours; never throws. */
  readonly record: (write: () => Promise<unknown>) => Promise<unknown>;
  /** Wakes a worker that blocks on the empty queue. */
  readonly wakeOne: () => void;
}

/** What {@link settle} needs beside the outcome. */
export interface Settling extends HandingBack {
  readonly backoff: BackoffPolicy | undefined;
}

/**
 * Tells BullMQ how an attempt ended: by what this function returns (now or later) or throws, as a BullMQ processor does. It throws only errors made here. BullMQ takes commands
 * from an error's name and message, and what a handler threw must not give any.
 */
export function settle(outcome: Outcome, settling: Settling): unknown {
  switch (outcome.kind) {
    case 'completed':
      return outcome.result;

    case 'failed': {
      const { job, backoff } = settling;
      const { attempt, maxAttempts } = attemptsOf(job);
      // Our backoff knows a cap and BullMQ's does not: hand it the wait, ready computed, for this retry alone.
      if (attempt < maxAttempts && backoff !== undefined) {
        job.opts.backoff = { type: 'fixed', delay: backoffDelayMs(backoff, attempt, Math.random()) };
      }
      throw recorded(new Error(), outcome.error);
    }

    case 'expired':
    case 'crashed':
    case 'cancelled':
    case 'rejected':
      throw recorded(new UnrecoverableError(), outcome.error);

    case 'snoozed':
      return snooze(settling, outcome.untilAt);

    case 'interrupted':
      return handBack(settling);
  }
}

const SHORTEST_SNOOZE_MS = 250;

async function snooze({ job, token, record }: Settling, untilAt: number): Promise<never> {
  // BullMQ makes one more trip to Redis before it is through with this attempt; the job must not be back here by then.
  const dueAt = Math.max(untilAt, Date.now() + SHORTEST_SNOOZE_MS);
  await record(() => job.moveToDelayed(dueAt, token));
  throw new DelayedError();
}

/** Gives a job back to the front of its queue, its attempt unspent. A job that is another worker's by now is left to it. */
export async function handBack({ job, token, record, wakeOne }: HandingBack): Promise<never> {
  await record(() => job.moveToWait(token));
  if (job.priority > 0) wakeOne();
  throw new WaitingError();
}

/** Which attempt this is, counted from 1, and how many there may be. */
export function attemptsOf(job: Job): { attempt: number; maxAttempts: number } {
  // Not below 1: a process that dies between a note and its record leaves the count one too low.
  return { attempt: Math.max(0, job.attemptsMade) + 1, maxAttempts: Math.max(1, job.opts.attempts ?? 1) };
}

/** Fills an error of our own making with what is to be kept of the handler's. */
function recorded(error: Error, { name, message, stack }: Thrown): Error {
  error.message = `${name}: ${message}`;
  error.stack = stack ?? error.message;
  return error;
}
