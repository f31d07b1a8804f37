import type { Ending } from './active-attempt.js';

/** How an end is recorded. */
export interface RecordOptions {
  /** Whether to fetch the next job in the same call. */
  readonly fetchNext: boolean;
  /** Whether it was sent before. Then it goes in a call of its own, not together with others. */
  readonly isAgain: boolean;
}

/**
 * What a main loop needs of the store of one queue, in our own words. Today's store is BullMQ's
 * keys and scripts (`bullmq/backend.ts`). Leases are renewed elsewhere, by `Leases` and a script of
 * ours.
 * @typeParam Job a fetched job, as the store knows it
 * @typeParam Next the answer to a fetch: the next job, or that there is none
 */
export interface QueueStore<Job, Next> {
  /** Fetches a job and gives it a lease with this token. */
  fetch(token: string): Promise<Next>;
  /** Records a success and the notes of the attempt. */
  complete(job: Job, result: unknown, options: RecordOptions): Promise<Next | undefined>;
  /** Records a failure and the notes of the attempt. The job is retried while attempts remain. */
  fail(job: Job, ending: FailedEnding, fetchNext: boolean): Promise<Next | undefined>;
  /** Hands the job back to the front of its queue. No attempt is spent. */
  handBack(job: Job): Promise<void>;
  /** Delays a suspect until it is called. No attempt is spent. */
  putOff(job: Job): Promise<void>;
  /** Delays the job until an instant (milliseconds since 1970). No attempt is spent. */
  snooze(job: Job, untilAt: number): Promise<void>;
}

/** An ending that is recorded as a failure. */
export type FailedEnding = Ending & {
  readonly outcome: { readonly kind: 'failed' | 'rejected' | 'expired' | 'crashed' | 'cancelled' };
};
