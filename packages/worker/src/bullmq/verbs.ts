import type { BackoffPolicy } from '@bullpen/shared';
import { backoffDelayMs, type Thrown } from '@bullpen/shared/internal';
import { DelayedError, type Job, UnrecoverableError, WaitingError } from 'bullmq';
import { attemptNumber } from '../attempt/attempt-number.js';
import type { Outcome } from '../attempt/outcome.js';
import type { ActiveAttempt } from '../in-flight/active-attempts.js';

/** The ways to Redis that all attempts of a queue share. */
export interface Ways {
  /** Writes through an outage, as long as the job is ours; never throws. */
  readonly record: (attempt: ActiveAttempt, write: () => Promise<unknown>) => Promise<unknown>;
  /** Wakes a worker that blocks on the empty queue. */
  readonly wakeOne: () => void;
}

/** What {@link settle} needs beside the outcome. */
export interface Settling {
  readonly job: Job;
  readonly attempt: ActiveAttempt;
  readonly backoff?: BackoffPolicy | undefined;
  readonly ways: Ways;
}

/**
 * Tells BullMQ how an attempt ended: by what this function returns (now or later) or throws, as a
 * BullMQ processor does. It throws only errors made here. BullMQ takes commands from an error's
 * name and message, and what a handler threw must not give any.
 */
export function settle(outcome: Outcome, settling: Settling): unknown {
  switch (outcome.kind) {
    case 'completed':
      return outcome.result;

    case 'failed': {
      const { job, backoff } = settling;
      const { attempt, maxAttempts } = attemptNumber(job);
      // Our backoff knows a cap and BullMQ's does not: hand it the wait, ready computed, for this
      // retry alone.
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

const MIN_SNOOZE_MS = 250;

async function snooze({ job, attempt, ways }: Settling, untilAt: number): Promise<never> {
  // BullMQ makes one more trip to Redis before it is through with this attempt; the job must not be
  // back here by then.
  const dueAt = Math.max(untilAt, Date.now() + MIN_SNOOZE_MS);
  await ways.record(attempt, () => job.moveToDelayed(dueAt, attempt.lease.token));
  throw new DelayedError();
}

/**
 * Gives a job back to the front of its queue, its attempt unspent. A job that is another worker's
 * by now is left to it.
 */
export async function handBack({ job, attempt, ways }: Settling): Promise<never> {
  await ways.record(attempt, () => job.moveToWait(attempt.lease.token));
  if (job.priority > 0) ways.wakeOne();
  throw new WaitingError();
}

/** Fills an error of our own making with what is to be kept of the handler's. */
function recorded(error: Error, { name, message, stack }: Thrown): Error {
  error.message = `${name}: ${message}`;
  error.stack = stack ?? error.message;
  return error;
}
