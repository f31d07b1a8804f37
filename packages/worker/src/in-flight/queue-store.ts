import type { Due } from '@bullpen/shared';
import type { Ending } from './active-attempt.js';

/**
 * What a main loop needs of the store of one queue to record the end of one job, in our own words.
 * Today's store is BullMQ's keys and scripts (`bullmq/backend.ts`). Most successes go another way:
 * together with others, and with a fetch (`bullmq/turn-calls.ts`). Leases are renewed elsewhere, by
 * `Leases` and a script of ours.
 * @typeParam Job a fetched job, as the store knows it
 */
export interface QueueStore<Job> {
  /** Records a success and the notes of the attempt. */
  complete(job: Job, result: unknown): Promise<void>;
  /** Records a failure and the notes of the attempt. The job is retried while attempts remain. */
  fail(job: Job, ending: FailedEnding): Promise<void>;
  /** Hands the job back to the front of its queue. No attempt is spent. */
  handBack(job: Job): Promise<void>;
  /** Delays a suspect until it is called. No attempt is spent. */
  putOff(job: Job): Promise<void>;
  /** Delays the job until it is due. No attempt is spent. */
  snooze(job: Job, due: Due): Promise<void>;
}

/** An ending that is recorded as a failure. */
export type FailedEnding = Ending & {
  readonly outcome: { readonly kind: 'failed' | 'rejected' | 'expired' | 'crashed' | 'cancelled' };
};
