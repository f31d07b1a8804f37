import type { JobDefinition } from '@bullpen/shared';
import type { BatchView } from '../books/batch-view.js';
import type { BatchBooks } from '../books/books.js';
import { type BatchChoice, findBatch } from '../books/find-batch.js';
import { type FailedRow, type RowResult, readFailedRows, readResults } from '../books/kept-rows.js';
import { listBatches } from '../books/list-batches.js';
import { showBatch } from '../books/show-batch.js';
import type { InsertAccess } from '../enqueue/redis-access.js';
import { type CancelBatchOptions, type CancelledBatch, cancelBatch } from './cancel-batch.js';
import { type RetriedBatch, type RetryBatchOptions, retryBatch } from './retry-batch.js';

/**
 * Looks at batches and acts on them. A batch is found by its name; give its `queue` when several
 * queues have a batch of this name. Each method throws BatchUnknown when there is no such batch,
 * OptionsInvalid when several queues have one, RedisUnavailable and ProducerClosed.
 */
export interface Batches {
  /** Lists the books of all batches, or of those on one queue. The newest first. */
  list(choice?: BatchChoice): Promise<BatchBooks[]>;
  /** Shows how far a batch is: its books, what its open rows are doing, and why rows failed. */
  show(name: string, choice?: BatchChoice): Promise<BatchView>;
  /** Cancels the open rows of a batch. Safe to repeat. */
  cancel(name: string, options?: BatchChoice & CancelBatchOptions): Promise<CancelledBatch>;
  /**
   * Enqueues the failed rows of a batch again. Safe to repeat.
   * @throws BatchConflict when the batch was cancelled; OptionsInvalid when `job` is not the job of
   *   its rows
   */
  retry(job: JobDefinition, name: string, options?: BatchChoice & RetryBatchOptions): Promise<RetriedBatch>;
  /** Reads the failed rows with their payloads, in order. Keeps one page in memory. */
  failures(name: string, choice?: BatchChoice): AsyncIterable<FailedRow>;
  /**
   * Reads what the handlers returned, in the order of the rows. Gives rows only of a batch that was
   * begun with `results`. Keeps one page in memory.
   */
  results(name: string, choice?: BatchChoice): AsyncIterable<RowResult>;
}

/** Makes the methods of `producer.batches`. */
export function createBatches(access: InsertAccess): Batches {
  async function* eachRow<T>(
    pages: (queue: string, batch: string, access: InsertAccess) => AsyncIterable<T[]>,
    name: string,
    choice: BatchChoice,
  ): AsyncIterable<T> {
    for await (const page of pages(await findBatch(name, choice, access), name, access)) yield* page;
  }
  return {
    list: async ({ queue } = {}) => listBatches(queue, access),
    show: async (name, choice = {}) => showBatch(await findBatch(name, choice, access), name, access),
    cancel: async (name, options = {}) => cancelBatch(await findBatch(name, options, access), name, options, access),
    retry: async (job, name, options = {}) =>
      retryBatch(job, await findBatch(name, { queue: options.queue }, access), name, options, access),
    failures: (name, choice = {}) => eachRow(readFailedRows, name, choice),
    results: (name, choice = {}) => eachRow(readResults, name, choice),
  };
}
