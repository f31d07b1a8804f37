import type { Fault } from '@bullpen/shared';
import type { EnqueueStatus } from './insert-reply.js';

/** What `enqueue` answers: the id of the job, and whether this call added it. */
export interface Enqueued {
  readonly id: string;
  readonly status: EnqueueStatus;
}

/** What became of one payload of `enqueueMany`. */
export type EnqueuedRow = Enqueued | { readonly status: 'rejected'; readonly faults: readonly Fault[] };
