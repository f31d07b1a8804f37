import { type BatchRef, type JobDefinition, OptionsInvalid } from '@bullpen/shared';
import { type OptionTable, optionFaults } from '@bullpen/shared/internal';
import type { BatchOptions } from '../batch/batch-options.js';
import type { BatchResult } from '../batch/batch-result.js';
import type { SettledBatch, WaitOptions } from '../batch/wait-for-batch.js';
import type { BatchView } from '../books/batch-view.js';
import type { BatchBooks } from '../books/books.js';
import { checkQueue, findBatch } from '../books/find-batch.js';
import { type FailedRow, type RowResult, readFailedRows, readResults } from '../books/kept-rows.js';
import { listBatches } from '../books/list-batches.js';
import { showBatch } from '../books/show-batch.js';
import type { InsertAccess } from '../enqueue/redis-access.js';
import { type CancelBatchOptions, type CancelledBatch, cancelBatch } from './cancel-batch.js';
import { type RepairBatchOptions, type RepairedBatch, repairBatch } from './repair-batch.js';
import { type RetriedBatch, type RetryBatchOptions, retryBatch } from './retry-batch.js';

/**
 * Runs batches, looks at them and acts on them. A batch is addressed by its `name`; add its `queue`
 * when several queues have a batch of this name. Each method that takes an address throws
 * BatchUnknown when there is no such batch, OptionsInvalid when several queues have one,
 * RedisUnavailable and ProducerClosed.
 */
export interface Batches {
  /**
   * Enqueues every row of a source, as the command `bullpen-producer batch` does. It needs no more
   * memory for a larger source. When a batch of this name was begun before, it goes on where that
   * run stopped.
   * @example
   * const source = await openSource('rows.csv', undefined, process.stdin);
   * const options = { name: 'march', source, keyField: 'url' };
   * const { added } = await producer.batches.run(resize, options);
   * @throws OptionsInvalid, BatchConflict, SourceInvalid, RedisUnavailable, ProducerClosed, before
   *   any row is read; BatchStopped when the source or Redis fails on the way
   */
  run(job: JobDefinition, options: BatchOptions): Promise<BatchResult>;
  /**
   * Waits until every row that a batch added is settled. Call it after the source was read to its
   * end: before that, the rows added so far may all be settled.
   * @example
   * const { completed, failed } = await producer.batches.wait({ name: 'march' });
   * @throws BatchLost when the books of the batch vanished during the wait
   */
  wait(options: WaitOptions): Promise<SettledBatch>;
  /**
   * Lists the books of all batches, or of those on one queue. The newest first.
   * @example
   * for (const { name, failed } of await producer.batches.list()) console.log(name, failed);
   * @remarks Moves to a package of its own, `@bullpen/control`.
   */
  list(options?: { readonly queue?: string | undefined }): Promise<BatchBooks[]>;
  /**
   * Shows how far a batch is: its books, what its open rows are doing, and why rows failed.
   * @example
   * const { waiting, failed, reasons } = await producer.batches.show({ name: 'march' });
   * @remarks Moves to a package of its own, `@bullpen/control`.
   */
  show(batch: BatchRef): Promise<BatchView>;
  /**
   * Cancels the open rows of a batch. Safe to repeat.
   * @example
   * const { cancelledNow } = await producer.batches.cancel({ name: 'april', queue: 'images' });
   * @remarks Moves to a package of its own, `@bullpen/control`.
   */
  cancel(options: CancelBatchOptions): Promise<CancelledBatch>;
  /**
   * Enqueues the failed rows of a batch again. Safe to repeat.
   * @example
   * const { retried } = await producer.batches.retry(resize, { name: 'march' });
   * @throws BatchConflict when the batch was cancelled; OptionsInvalid when `job` is not the job of
   *   its rows
   * @remarks Moves to a package of its own, `@bullpen/control`.
   */
  retry(job: JobDefinition, options: RetryBatchOptions): Promise<RetriedBatch>;
  /**
   * Finds the rows that are missing: they are open, and their jobs are gone, because somebody removed
   * them or Redis lost them. Enqueues them again from the source of the batch, or settles them as
   * failed. Safe to repeat.
   * @example
   * const source = await openSource('rows.csv', undefined, process.stdin);
   * await producer.batches.repair({ name: 'march', from: { job: resize, source } });
   * await producer.batches.repair({ name: 'april', queue: 'images', settle: true });
   * @throws OptionsInvalid when neither `from` nor `settle` is given, and when missing rows cannot be
   *   told from rejected ones without the source; SourceInvalid when it is another source;
   *   BatchConflict when the batch was cancelled
   * @remarks Moves to a package of its own, `@bullpen/control`.
   */
  repair(options: RepairBatchOptions): Promise<RepairedBatch>;
  /**
   * Reads the failed rows with their payloads, in order. Keeps one page in memory.
   * @example
   * for await (const { row, reason } of producer.batches.failures({ name: 'march' }))
   *   console.log(row, reason);
   * @remarks Moves to a package of its own, `@bullpen/control`.
   */
  failures(options: FailuresOptions): AsyncIterable<FailedRow>;
  /**
   * Reads what the handlers returned, in the order of the rows. Gives rows only of a batch that was
   * begun with `results`. Keeps one page in memory.
   * @example
   * for await (const kept of producer.batches.results({ name: 'march' }))
   *   if ('result' in kept) console.log(kept.row, kept.result);
   * @remarks Moves to a package of its own, `@bullpen/control`.
   */
  results(batch: BatchRef): AsyncIterable<RowResult>;
}

/** Which failed rows are read. */
export interface FailuresOptions extends BatchRef {
  /** Read only those of these rows that have failed. Default: all that have. */
  readonly rows?: readonly number[] | undefined;
}

const LIST_OPTIONS: OptionTable<{ readonly queue?: string }> = { queue: true };

/** Makes the methods of `producer.batches` that look at batches and act on them. */
export function createBatches(access: InsertAccess): Omit<Batches, 'run' | 'wait'> {
  async function* eachRow<T>(
    pages: (queue: string, batch: string, access: InsertAccess) => AsyncIterable<T[]>,
    batch: BatchRef,
  ): AsyncIterable<T> {
    for await (const page of pages(await findBatch(batch, access), batch.name, access)) yield* page;
  }
  return {
    async list(options = {}) {
      const faults = optionFaults(options, LIST_OPTIONS, 'batches.list');
      if (faults.length > 0) throw new OptionsInvalid('cannot list the batches', faults);
      checkQueue(options.queue);
      return listBatches(options.queue, access);
    },
    show: async (batch) => showBatch(await findBatch(batch, access), batch.name, access),
    cancel: async (options) => cancelBatch(options, access),
    retry: async (job, options) => retryBatch(job, options, access),
    repair: async (options) => repairBatch(options, access),
    failures: (options) => eachRow((...batch) => readFailedRows(...batch, options.rows), options),
    results: (batch) => eachRow(readResults, batch),
  };
}
