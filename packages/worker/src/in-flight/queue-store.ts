import type { Ending } from './active-attempt.js';

/** How an end is written. */
export interface RecordOptions {
  /** Fetches a next job in the same call. */
  readonly fetchNext: boolean;
  /** It was sent before and is sent again: by itself, and not together with others. */
  readonly isAgain: boolean;
}

/**
 * What a main loop needs of the store of one queue, in our own words. Today's store is BullMQ's keys
 * and scripts (`bullmq/backend.ts`). `Leases` renews leases by a script of ours.
 * @typeParam Job a fetched job, as the store knows it
 * @typeParam Next what the store answers to a fetch: a next job, or that there is none
 */
export interface QueueStore<Job, Next> {
  /** Fetches a job under the lease `token`. */
  fetch(token: string): Promise<Next>;
  /** Records a success, and the notes of the attempt. */
  complete(job: Job, result: unknown, options: RecordOptions): Promise<Next | undefined>;
  /** Records a failure, and the notes of the attempt. The job is retried while attempts remain. */
  fail(job: Job, ending: FailedEnding, fetchNext: boolean): Promise<Next | undefined>;
  /** Gives the job back to the front of its queue, its attempt unspent. */
  handBack(job: Job): Promise<void>;
  /** Delays the job until an instant (ms since 1970), its attempt unspent. */
  snooze(job: Job, untilAt: number): Promise<void>;
}

/** An ending that is recorded as a failure. */
export type FailedEnding = Ending & {
  readonly outcome: { readonly kind: 'failed' | 'rejected' | 'expired' | 'crashed' | 'cancelled' };
};
