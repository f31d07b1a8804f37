import { type JobDefinition, SourceInvalid } from '@bullpen/shared';
import { batchKeys } from '@bullpen/shared/internal';
import { type BatchBooks, forgetBooks, noteColumns } from '../books/books.js';
import { ChunkWriter } from '../enqueue/chunk-writer.js';
import { type BatchTotals, CHUNK_BYTES, CHUNK_JOBS, CHUNK_ROWS, type JobRow, type Terms } from '../enqueue/insert.js';
import type { RedisAccess } from '../enqueue/redis-access.js';
import { type BatchOptions, readBatchOptions } from './batch-options.js';
import { BatchReader } from './batch-reader.js';
import { openBatch } from './begin-batch.js';
import { type ChunkSeal, ChunkSender, SendingInterrupted } from './chunk-sender.js';
import { rereadSource } from './reread-source.js';

/** What became of a batch's rows, in all: in this run and those before it. */
export interface BatchResult extends BatchTotals {
  readonly batch: string;
  /** How many rows had been read before this run; 0 for a new batch. */
  readonly resumedAt: number;
  /** Whether its source had been read to the end before this run, which then added nothing. */
  readonly wasFinished: boolean;
  /** Whether `signal` ended it before the source did. */
  readonly interrupted: boolean;
}

/** A batch that stopped part of the way, with how far it is in all. */
export class BatchStopped extends Error {
  readonly totals: BatchTotals;
  readonly resumedAt: number;
  readonly wasFinished: boolean;

  constructor(cause: unknown, totals: BatchTotals, resumedAt: number, wasFinished = false) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'BatchStopped';
    this.totals = totals;
    this.resumedAt = resumedAt;
    this.wasFinished = wasFinished;
  }
}

/**
 * When so many rows were rejected since the last chunk, that is noted on Redis without waiting for
 * a full one.
 */
const NOTE_EVERY_ROWS = 10_000;

/**
 * Reads, checks and enqueues every row; or goes on with those that are not in yet, when the batch
 * was begun before.
 * @throws OptionsInvalid for wrong options, BatchConflict when the batch exists and is another,
 *   SourceInvalid when its source is another
 * @throws BatchStopped when the source or Redis fails on the way; it holds the cause and how far
 *   the batch is
 */
export async function runBatch(job: JobDefinition, options: BatchOptions, access: RedisAccess): Promise<BatchResult> {
  const { batch, signal, onProgress } = options;
  const terms = readBatchOptions(job, options, Date.now());
  const books = await openBatch(job, options, terms, access);
  let totals = totalsOf(books);
  const result = (interrupted: boolean): BatchResult => ({
    ...{ batch, ...totals, resumedAt: books.read, interrupted },
    wasFinished: books.readAt !== undefined,
  });
  const stopped = (error: unknown): BatchStopped =>
    new BatchStopped(error, totals, books.read, books.readAt !== undefined);
  if (books.readAt !== undefined) {
    const isThrough = await rereadSource(job, options, books).catch((error: unknown) => {
      throw stopped(error);
    });
    return result(!isThrough);
  }

  const jobTerms: Terms = { ...terms, expiresAt: undefined, keyed: books.keyField !== undefined };
  const part = {
    ...{ name: batch, keys: batchKeys(access.prefix, job.queue, batch), keyField: books.keyField },
    ...{ rowsPerJob: books.rowsPerJob, results: books.results, keepKeysMs: books.keepKeysMs },
  };
  const sender = new ChunkSender({
    ...{ batch, signal, onFull: options.onFull },
    insert: (rows, covers) => access.insert(job, rows, jobTerms, { ...part, ...covers }),
    inserted(now) {
      if (now.read >= totals.read) totals = now;
      onProgress?.(totals, books.read);
    },
  });
  // A pipe in which nothing comes would not let us hear of a chunk that has failed.
  const failing = new AbortController();
  const reader = new BatchReader({
    ...{ ...options, job, from: { read: books.read, checksum: books.checksum } },
    signal: AbortSignal.any(signal === undefined ? [failing.signal] : [signal, failing.signal]),
  });
  const writer = new ChunkWriter<JobRow, ChunkSeal>({
    rows: books.rowsPerJob > 1 ? Math.min(CHUNK_ROWS, CHUNK_JOBS * books.rowsPerJob) : CHUNK_JOBS,
    bytes: CHUNK_BYTES,
    seal: () => reader.seal(),
    send: (rows, seal) => sender.send(rows, seal),
    failed: () => failing.abort(),
  });
  let columns = books.columns ?? options.source.columns;
  const noteOnce = async (): Promise<void> => {
    const names = typeof columns === 'function' ? columns() : undefined;
    columns = undefined;
    if (names !== undefined) await access.ask((redis) => noteColumns(redis, part.keys, names));
  };

  let isThrough = false;
  try {
    isThrough = await reader.run(
      (row) => writer.add(row),
      () => {
        if (columns !== undefined) return noteOnce();
        return reader.unsealed >= NOTE_EVERY_ROWS ? writer.cut() : undefined;
      },
    );
  } catch (error) {
    // An abort closes the source under us, and the reader complains: that is how an interruption
    // ends, not a fault.
    if (signal?.aborted !== true) {
      // No chunk may be under way when the caller is told.
      await writer.flush().catch(() => undefined);
      // A source that was no good from its beginning is mended, and is another one then; the name
      // is for that one. Should Redis be away, the name stays taken.
      if (totals.read === 0 && error instanceof SourceInvalid) {
        await access
          .ask((redis) => forgetBooks(redis, { prefix: access.prefix, queue: job.queue, batch }))
          .catch(() => undefined);
      }
      throw stopped(error);
    }
  }
  try {
    // The last chunk says that it is the last, and is sent even when it is empty.
    if (isThrough) await writer.cut();
    await writer.flush();
  } catch (error) {
    if (!(error instanceof SendingInterrupted)) throw stopped(error);
    isThrough = false;
  }
  return result(!isThrough);
}

const totalsOf = ({ read, added, duplicate, rejected }: BatchBooks): BatchTotals => ({
  ...{ read, added, duplicate, rejected },
});
