import type { Fault } from '@bullpen/shared';
import type { Added } from './insert.js';

/** What `enqueue` answers. */
export interface Enqueued {
  readonly id: string;
  readonly status: Added;
}

/** What became of one payload of `enqueueMany`. */
export type EnqueuedRow = Enqueued | { readonly status: 'rejected'; readonly faults: readonly Fault[] };
