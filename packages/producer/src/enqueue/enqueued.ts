import type { Fault } from '@bullpen/shared';

/** What became of one job: this call stored it (`added`), or its key is taken (`duplicate`). */
export type EnqueueStatus = 'added' | 'duplicate';

/** What `enqueue` answers: whether this call added the job, and which job has the key now. */
export interface Enqueued {
  /** Whether this call added the job. */
  readonly status: EnqueueStatus;
  /** The id of the job that was added. Of a `duplicate`: the id of the job that holds the key. */
  readonly id: string;
}

/** What became of one payload of `enqueueMany`. */
export type EnqueuedRow =
  | Enqueued
  | {
      /** The payload does not fit the job's schema. It was not enqueued. */
      readonly status: 'rejected';
      /** Every reason. */
      readonly faults: readonly Fault[];
    };
