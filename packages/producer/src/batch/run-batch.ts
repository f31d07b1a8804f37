import type { JobDefinition } from '@bullpen/shared';
import type { InsertAccess } from '../enqueue/redis-access.js';
import { type BatchOptions, parseBatchOptions } from './batch-options.js';
import { type BatchResult, BatchStopped } from './batch-result.js';
import { beginBatch } from './begin-batch.js';
import { type BatchRun, enqueueSource } from './enqueue-source.js';
import { rereadSource } from './reread-source.js';

/**
 * Reads, checks and enqueues every row of a source. When the batch was begun before, it goes on
 * with the rows that are not enqueued yet.
 * @throws OptionsInvalid for wrong options; BatchConflict when a batch of this name has other
 *   options or was cancelled; SourceInvalid when it has another source
 * @throws BatchStopped when the source or Redis fails on the way; it says why, and how far the
 *   batch is
 */
export async function runBatch(job: JobDefinition, options: BatchOptions, access: InsertAccess): Promise<BatchResult> {
  const parsed = parseBatchOptions(options);
  const books = await beginBatch(job, options, parsed, access);
  const { read, added, duplicate, rejected } = books;
  const run: BatchRun = { job, options, parsed, books, access, totals: { read, added, duplicate, rejected } };
  const batch = { name: options.name, queue: job.queue };
  const wasFinished = books.readAt !== undefined;
  try {
    const isThrough = wasFinished ? await rereadSource(job, options, books) : await enqueueSource(run);
    return { ...batch, ...run.totals, resumedAt: read, wasFinished, interrupted: !isThrough };
  } catch (error) {
    throw new BatchStopped(batch, error, run.totals, read, wasFinished);
  }
}
