import { type BatchRef, type JobDefinition, OptionsInvalid } from '@bullpen/shared';
import {
  batchesKey,
  batchKeys,
  isOptions,
  type OptionTable,
  optionFaults,
  queueKeys,
  writeFailure,
} from '@bullpen/shared/internal';
import type { BatchSource } from '../batch/batch-options.js';
import { howSourceChanged } from '../batch/begin-batch.js';
import { sourceFaults } from '../batch/option-kinds.js';
import { sourceChanged } from '../batch/source-changed.js';
import { type BatchBooks, bookKeys, fetchBooks } from '../books/books.js';
import { findBatch, unknownBatch } from '../books/find-batch.js';
import { checkJob } from '../enqueue/check-arguments.js';
import type { JobRow } from '../enqueue/chunk.js';
import type { InsertAccess } from '../enqueue/redis-access.js';
import { type MissingRow, rowsOfSharedJobs, rowsOfSource, rowsWithKeys } from './missing-rows.js';
import { checkRetry, Retry, splitIntoChunks } from './retry-batch.js';
import { dropLostIds } from './sweep-queue.js';

/** What became of the missing rows of a batch. */
export interface RepairedBatch {
  /** The name of the batch. */
  readonly name: string;
  /** The queue of its jobs. */
  readonly queue: string;
  /** How many rows were missing: they were open, and their jobs were gone. */
  readonly missing: number;
  /** How many of them wait again. */
  readonly enqueued: number;
  /** How many of them are failed now. */
  readonly failed: number;
  /** Whether `signal` ended the repair before all rows had been seen. */
  readonly interrupted: boolean;
}

/** Which batch is repaired, and how. */
export interface RepairBatchOptions extends BatchRef {
  /**
   * Where the payloads of the missing rows come from: the job of the batch, and the file that the
   * batch was read from, opened anew. Needed unless `settle`.
   */
  readonly from?:
    | {
        /** The job of the batch. */
        readonly job: JobDefinition;
        /** The file, opened anew. */
        readonly source: BatchSource;
      }
    | undefined;
  /** Settle the missing rows as failed, and do not enqueue them again. */
  readonly settle?: boolean | undefined;
  /** Ends the repair between two chunks. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each chunk with how many missing rows were found so far. */
  readonly onProgress?: ((missing: number) => void) | undefined;
}

/** The most rows that one call looks at: it takes Redis some milliseconds. */
const MAX_PER_CALL = 500;
/** How a missing row has failed. */
const LOST = { name: 'JobLost', message: 'its job is gone from Redis, and no worker has settled the row' };

const OPTIONS: OptionTable<RepairBatchOptions> = {
  ...{ name: true, queue: true, from: true, settle: true, signal: true, onProgress: true },
  source: 'write from: { job, source }',
  job: 'write from: { job, source }',
};

/**
 * Finds the rows of a batch that are open although their jobs are gone, because somebody removed
 * them, or Redis lost them. Settles them as failed, which frees their keys, and enqueues them again
 * with their payloads from the source. Safe to repeat.
 * @throws OptionsInvalid when neither `from` nor `settle` says how, when the job is not the job of the
 *   rows, and when missing rows cannot be told from rejected ones without the source; SourceInvalid
 *   when it is another source; BatchConflict when the batch was cancelled; BatchUnknown
 */
export async function repairBatch(options: RepairBatchOptions, access: InsertAccess): Promise<RepairedBatch> {
  checkOptions(options);
  const queue = await findBatch(options, access);
  const { name, from, settle = false, signal, onProgress } = options;
  const books = await access.ask((redis) => fetchBooks(redis, { prefix: access.prefix, queue, batch: name }));
  if (books === undefined) throw await unknownBatch({ name, queue }, access);
  if (from !== undefined) checkFrom(from, books, settle);
  const retry = from === undefined || settle ? undefined : new Retry(from.job, books, access);
  await dropLostIds(queue, name, access);
  const shared = await rowsOfSharedJobs(books, access);
  let [missing, enqueued] = [0, 0];
  const result = (interrupted: boolean) => {
    return { name, queue, missing, enqueued, failed: missing - enqueued, interrupted };
  };

  for await (const block of candidates(books, from, access)) {
    const rows = block.filter(({ row }) => row <= books.read && !shared.has(row));
    for (let at = 0; at < rows.length; at += MAX_PER_CALL) {
      if (signal?.aborted === true) return result(true);
      const lost = await settleLost(rows.slice(at, at + MAX_PER_CALL), books, access, retry !== undefined);
      missing += lost.length;
      if (retry !== undefined) {
        for (const chunk of splitIntoChunks(lost as JobRow[])) enqueued += await retry.enqueue(chunk);
      }
      onProgress?.(missing);
    }
  }
  return result(false);
}

function checkOptions(options: RepairBatchOptions): void {
  const faults = optionFaults(options, OPTIONS, 'batches.repair');
  const { from, settle } = isOptions(options) ? options : ({} as Partial<RepairBatchOptions>);
  if (from === undefined && settle !== true) {
    const reason =
      'give the job and the source of the batch, to enqueue missing rows again, or settle, to settle them as failed';
    faults.push({ path: 'from', reason });
  }
  if (from !== undefined) faults.push(...sourceFaults(isOptions(from) ? from.source : undefined));
  if (faults.length > 0) throw new OptionsInvalid('cannot repair the batch', faults);
  if (from !== undefined) checkJob(from.job, 'cannot repair the batch');
}

function checkFrom({ job, source }: NonNullable<RepairBatchOptions['from']>, books: BatchBooks, settle: boolean): void {
  checkRetry(job, books, { allowCancelled: settle });
  const { bytes, sha256 } = source.identity ?? { bytes: undefined, sha256: undefined };
  const how = howSourceChanged(books, { format: source.format, bytes, sha256 });
  if (how !== undefined) throw sourceChanged(books, how);
  if (sha256 !== undefined) return;
  const reason = 'the batch was read from a pipe, so another reading cannot be compared with it; use settle without it';
  throw new OptionsInvalid('cannot repair the batch', [{ path: 'from.source', reason }]);
}

/** Rows that may be missing, in blocks. */
function candidates(
  books: BatchBooks,
  from: RepairBatchOptions['from'],
  access: InsertAccess,
): AsyncIterable<readonly MissingRow[]> {
  if (from !== undefined) return rowsOfSource(from, books);
  if (books.keyField !== undefined) return rowsWithKeys(books, access);
  if (books.rejected > 0) {
    const reason = `batch '${books.name}' has rejected rows, which cannot be told from missing ones; give its source`;
    throw new OptionsInvalid('cannot repair the batch', [{ path: 'from', reason }]);
  }
  return allRows(books.read);
}

async function* allRows(read: number): AsyncIterable<MissingRow[]> {
  for (let first = 1; first <= read; first += MAX_PER_CALL) {
    const count = Math.min(MAX_PER_CALL, read - first + 1);
    yield Array.from({ length: count }, (_, at) => ({ row: first + at, hash: '' }));
  }
}

/**
 * Settles those rows as failed that have no job.
 * @param withEarlier returns also rows that an earlier repair has settled
 */
async function settleLost(
  rows: readonly MissingRow[],
  { name: batch, queue, duplicate }: BatchBooks,
  { prefix, ask }: InsertAccess,
  withEarlier: boolean,
): Promise<MissingRow[]> {
  const { base } = queueKeys(prefix, queue);
  const keys = [...bookKeys(batchKeys(prefix, queue, batch)), batchesKey(prefix, queue)];
  const record = { outcome: 'failed', error: LOST, attempts: 0 } as const;
  const args = rows.flatMap(({ row, hash, data }) => [row, hash, writeFailure({ ...record, json: data }).text]);
  const { reason } = writeFailure({ ...record, json: undefined });
  const answers = await ask((redis) =>
    redis.bullpenRepair(...keys, base, batch, duplicate > 0 ? '1' : '', reason, ...args),
  );
  return rows.filter((_, at) => answers[at] === '1' || (withEarlier && answers[at] === '2'));
}
