import type { JobDefinition } from '@bullpen/shared';
import type { Redis } from '@bullpen/shared/internal';
import type { BatchView } from '../books/batch-view.js';
import type { BatchBooks } from '../books/books.js';
import { type BatchChoice, findBatch } from '../books/find-batch.js';
import { type FailedRow, type RowResult, readFailures, readResults } from '../books/kept-rows.js';
import { defineList, listBatches } from '../books/list-batches.js';
import { defineShow, showBatch } from '../books/show-batch.js';
import type { RedisAccess } from '../enqueue/redis-access.js';
import { type CancelBatchOptions, type CancelledBatch, cancelBatch, defineCancelBatch } from './cancel-batch.js';
import { type RetriedBatch, type RetryBatchOptions, retryBatch } from './retry-batch.js';

/**
 * What can be asked of batches that were begun. A batch is found by its name; `queue` is needed
 * only where two queues have one by the same name. All of it throws BatchUnknown when there is no
 * such batch, OptionsInvalid when there are several, RedisUnavailable and ProducerClosed.
 */
export interface Batches {
  /** The books of all batches, or of those on one queue; the newest first. */
  list(choice?: BatchChoice): Promise<BatchBooks[]>;
  /** How far a batch is: its books, what its open rows are doing, and why rows failed. */
  show(name: string, choice?: BatchChoice): Promise<BatchView>;
  /** Cancels what is open of a batch. Safe to repeat. */
  cancel(name: string, options?: BatchChoice & CancelBatchOptions): Promise<CancelledBatch>;
  /**
   * Enqueues the failed rows of a batch again. Safe to repeat.
   * @throws BatchConflict when the batch was cancelled, OptionsInvalid when `job` is not that of
   *   its rows
   */
  retry(job: JobDefinition, name: string, options?: BatchChoice & RetryBatchOptions): Promise<RetriedBatch>;
  /** The failed rows, in their order, with their payloads. Memory stays flat. */
  failures(name: string, choice?: BatchChoice): AsyncIterable<FailedRow>;
  /**
   * What the handlers returned, in the order of the rows, of a batch that keeps that. Memory stays
   * flat.
   */
  results(name: string, choice?: BatchChoice): AsyncIterable<RowResult>;
}

/** Teaches a connection the scripts that {@link openBatches} needs; once per connection. */
export function defineBatches(redis: Redis): void {
  for (const define of [defineList, defineShow, defineCancelBatch]) define(redis);
}

/** @param access each call of which is one trip to Redis with its own time limit */
export function openBatches(access: RedisAccess): Batches {
  async function* single<T>(
    pages: (queue: string, batch: string, access: RedisAccess) => AsyncIterable<T[]>,
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
    failures: (name, choice = {}) => single(readFailures, name, choice),
    results: (name, choice = {}) => single(readResults, name, choice),
  };
}
