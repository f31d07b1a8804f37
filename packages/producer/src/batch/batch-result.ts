import { type BatchRef, BullpenError } from '@bullpen/shared';
import type { BatchTotals } from '../enqueue/insert-reply.js';

/** What became of a batch's rows in all: in this run and in those before it. */
export interface BatchResult extends BatchTotals {
  readonly name: string;
  readonly queue: string;
  /** How many rows had been read before this run. 0 for a new batch. */
  readonly resumedAt: number;
  /** Whether the source had been read to its end before this run. This run then added nothing. */
  readonly wasFinished: boolean;
  /** Whether `signal` ended the run before the source came to its end. */
  readonly interrupted: boolean;
}

/** A batch stopped part of the way. `cause` says why, `totals` how far the batch is in all. */
export class BatchStopped extends BullpenError {
  readonly code = 'BULLPEN_BATCH_STOPPED';
  /** Which batch. An error's own `name` is the name of its class. */
  readonly batch: BatchRef;
  readonly totals: BatchTotals;
  readonly resumedAt: number;
  readonly wasFinished: boolean;

  constructor(batch: BatchRef, cause: unknown, totals: BatchTotals, resumedAt: number, wasFinished = false) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.batch = batch;
    this.totals = totals;
    this.resumedAt = resumedAt;
    this.wasFinished = wasFinished;
  }
}
