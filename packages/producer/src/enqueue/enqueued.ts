import type { Fault } from '@bullpen/shared';
import type { EnqueueStatus } from './insert-reply.js';

/** What `enqueue` answers: the id of the job, and whether this call added it. */
export interface Enqueued {
  /** The id of the job. */
  readonly id: string;
  /** Whether this call added it. */
  readonly status: EnqueueStatus;
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
