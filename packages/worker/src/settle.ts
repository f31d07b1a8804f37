import { type BackoffPolicy, type BullpenOpts, backoffDelayMs } from '@bullpen/shared';
import { DelayedError, type Job, UnrecoverableError, WaitingError } from 'bullmq';
import type { Books } from './books.js';
import type { Outcome } from './outcome.js';
import type { Thrown } from './thrown.js';

/** What `settle` needs beside the outcome. */
export interface Settling {
  readonly queue: string;
  readonly job: Job;
  readonly token: string;
  readonly bullpen: BullpenOpts;
  readonly backoff: BackoffPolicy | undefined;
  readonly books: Books;
  /** Whether somebody asked, while the attempt ran, that the job not be done. */
  readonly cancelAsked: boolean;
  /** Is told when a job that was snoozed or handed back is where it should be. */
  readonly confirm: () => void;
}

/**
 * Tells BullMQ how an attempt ended: by what this function returns (now or later) or throws, as a BullMQ processor does. It throws only errors made here. BullMQ takes commands
 * from an error's name and message, and what a handler threw must not give any.
 */
export function settle(outcome: Outcome, settling: Settling): unknown {
  const { queue, job, bullpen, books, cancelAsked } = settling;
  switch (outcome.kind) {
    case 'completed':
      // Asked too late. The note must not outlive the job: it would cancel the next one with this key.
      if (cancelAsked) books.forgetCancelled(queue, job.id as string);
      books.noteRow(queue, bullpen, 'completed');
      return outcome.result;

    case 'failed': {
      const { attempt, maxAttempts } = attemptsOf(job);
      if (attempt >= maxAttempts) books.noteRow(queue, bullpen, 'failed');
      // Our backoff knows a cap and BullMQ's does not: hand it the wait, ready computed, for this retry alone.
      else if (settling.backoff !== undefined) {
        job.opts.backoff = { type: 'fixed', delay: backoffDelayMs(settling.backoff, attempt, Math.random()) };
      }
      throw recorded(new Error(), outcome.error);
    }

    case 'expired':
      books.unspendAttempt(queue, job.id as string);
      books.noteRow(queue, bullpen, 'failed');
      throw recorded(new UnrecoverableError(), outcome.error);

    case 'cancelled':
      books.forgetCancelled(queue, job.id as string);
      books.noteRow(queue, bullpen, 'failed');
      throw recorded(new UnrecoverableError(), outcome.error);

    case 'rejected':
      if (cancelAsked) books.forgetCancelled(queue, job.id as string);
      books.noteRow(queue, bullpen, 'failed');
      throw recorded(new UnrecoverableError(), outcome.error);

    case 'snoozed':
      return snooze(settling, outcome.untilAt);

    case 'interrupted':
      // With the lease lost the job is another worker's; whatever we told Redis of it now would be refused.
      if (outcome.reason === 'lease lost') throw new WaitingError();
      return handBack(settling);
  }
}

const SHORTEST_SNOOZE_MS = 250;

function snooze(settling: Settling, untilAt: number): Promise<never> {
  // BullMQ makes one more trip to Redis before it is through with this attempt; the job must not be back here by then.
  const dueAt = Math.max(untilAt, Date.now() + SHORTEST_SNOOZE_MS);
  return release(settling, new DelayedError(), () => settling.job.moveToDelayed(dueAt, settling.token));
}

/** What giving a job back takes. */
export type HandingBack = Pick<Settling, 'queue' | 'job' | 'token' | 'books' | 'confirm'>;

/** Gives a job back to the front of its queue, its attempt unspent. */
export function handBack(handing: HandingBack): Promise<never> {
  const { queue, job, token, books } = handing;
  return release(handing, new WaitingError(), async () => {
    await job.moveToWait(token);
    if (job.priority > 0) books.wakeOne(queue);
  });
}

/**
 * Moves an active job elsewhere and tells BullMQ so. When the move fails (the lease is lost, Redis is away) the job stays where it is until its lease runs out,
 * unconfirmed; it is never recorded as failed for that.
 */
async function release({ confirm }: HandingBack, word: Error, move: () => Promise<unknown>): Promise<never> {
  try {
    await move();
    confirm();
  } catch {
    // Told by `confirm` not being called.
  }
  throw word;
}

/** Which attempt this is, counted from 1, and how many there may be. */
export function attemptsOf(job: Job): { attempt: number; maxAttempts: number } {
  return { attempt: job.attemptsMade + 1, maxAttempts: Math.max(1, job.opts.attempts ?? 1) };
}

/** Fills an error of our own making with what is to be kept of the handler's. */
function recorded(error: Error, { name, message, stack }: Thrown): Error {
  error.message = `${name}: ${message}`;
  error.stack = stack ?? error.message;
  return error;
}
