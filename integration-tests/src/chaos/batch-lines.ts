import type { CancelledBatch } from '@bullpen/producer';

/** Where the producer writes what happened to the batch, in the folder of the run. */
export const BATCH_LINES = 'batch.ndjson';

/**
 * One line of the producer about its batch, by the host's clock. `begun` and `cancelling` come before
 * the calls, so they may come several times; `enqueued` and `cancelled` after the answers.
 */
export interface BatchLine {
  readonly event: 'begun' | 'enqueued' | 'cancelling' | 'cancelled';
  readonly at: number;
  /** What the whole run answered; undefined when it was stopped by the cancellation. */
  readonly totals?: { readonly [Name in 'read' | 'added' | 'duplicate' | 'rejected']: number };
  /** What the call that cancelled it found; `unknown`: FLUSHALL had taken the batch. */
  readonly found?: CancelledBatch['found'] | 'unknown';
}
