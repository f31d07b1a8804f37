import { type BatchRef, BullpenError } from '@bullpen/shared';
import type { BatchTotals } from '../enqueue/insert-reply.js';

/** What became of a batch's rows in all: in this run and in those before it. */
export interface BatchResult extends BatchTotals {
  /** The name of the batch. */
  readonly name: string;
  /** The queue of its jobs. */
  readonly queue: string;
  /** How many rows had been read before this run. 0 for a new batch. */
  readonly resumedAt: number;
  /** Whether the source had been read to its end before this run. This run then added nothing. */
  readonly wasFinished: boolean;
  /** Whether `signal` ended the run before the source came to its end. */
  readonly interrupted: boolean;
}

/**
 * A batch stopped part of the way. Its `cause` says why. Run it again: it goes on where it stopped.
 * @example
 * if (hasCode<BatchStopped>(error, 'BULLPEN_BATCH_STOPPED')) console.error(error.cause);
 */
export class BatchStopped extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_BATCH_STOPPED';
  /** Which batch. An error's own `name` is the name of its class. */
  readonly batch: BatchRef;
  /** How far the batch is in all. */
  readonly totals: BatchTotals;
  /** How many rows had been read before this run. */
  readonly resumedAt: number;
  /** Whether the source had been read to its end before this run. */
  readonly wasFinished: boolean;

  constructor(batch: BatchRef, cause: unknown, totals: BatchTotals, resumedAt: number, wasFinished = false) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.batch = batch;
    this.totals = totals;
    this.resumedAt = resumedAt;
    this.wasFinished = wasFinished;
  }
}
