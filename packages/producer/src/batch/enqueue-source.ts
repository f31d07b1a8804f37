import { type JobDefinition, SourceInvalid } from '@bullpen/shared';
import { batchKeys } from '@bullpen/shared/internal';
import { forgetBooks, noteColumns } from '../books/begin-books.js';
import type { BatchBooks } from '../books/books.js';
import { CHUNK_BYTES, CHUNK_JOBS, CHUNK_ROWS, type ChunkOptions, type JobRow } from '../enqueue/chunk.js';
import { ChunkWriter } from '../enqueue/chunk-writer.js';
import type { BatchTotals } from '../enqueue/insert-reply.js';
import type { InsertAccess } from '../enqueue/redis-access.js';
import type { BatchOptions, ParsedBatchOptions } from './batch-options.js';
import { BatchReader } from './batch-reader.js';
import type { ChunkRange } from './chunk-range.js';
import { ChunkSender, SendingInterrupted } from './chunk-sender.js';

/** One run of a batch. */
export interface BatchRun {
  readonly job: JobDefinition;
  readonly options: BatchOptions;
  readonly parsed: ParsedBatchOptions;
  /** The books as this run found them. */
  readonly books: BatchBooks;
  readonly access: InsertAccess;
  /** How far the batch is in all. */
  totals: BatchTotals;
}

type RowWriter = ChunkWriter<JobRow, ChunkRange>;

/**
 * After so many rejected rows since the last chunk, a chunk is sent even if it is not full. Redis
 * then knows of them.
 */
const MAX_UNSENT_ROWS = 10_000;

/**
 * Reads the source of a batch, checks its rows, and enqueues those that are not enqueued yet.
 * @returns whether the source came to its end and all of it was sent; `false` when `signal`
 *   interrupted that
 * @throws any error of the source, of Redis or of a callback; no chunk is on its way any more then
 */
export async function enqueueSource(run: BatchRun): Promise<boolean> {
  // A source that gives no rows for now would keep us from hearing that a chunk has failed.
  const failing = new AbortController();
  const reader = openReader(run, failing.signal);
  const sender = openSender(run);
  const writer = openWriter(run, reader, sender, () => failing.abort());
  const isThrough = await readRows(run, reader, writer);
  return sendRest(writer, isThrough);
}

function openReader({ job, options, books }: BatchRun, failing: AbortSignal): BatchReader {
  const { signal } = options;
  return new BatchReader({
    ...{ ...options, job, from: { read: books.read, checksum: books.checksum } },
    signal: AbortSignal.any(signal === undefined ? [failing] : [signal, failing]),
  });
}

function openSender(run: BatchRun): ChunkSender {
  const { job, options, parsed, books, access } = run;
  const { name, signal, onFull, onProgress } = options;
  const chunkOptions: ChunkOptions = { ...parsed, expiresAt: undefined };
  const part = {
    ...{ name, keys: batchKeys(access.prefix, job.queue, name), keyField: books.keyField },
    ...{ rowsPerJob: books.rowsPerJob, results: books.results, keepKeysMs: books.keepKeysMs },
  };
  return new ChunkSender({
    ...{ batch: { name, queue: job.queue }, signal, onFull },
    insert: (rows, move) => access.insert(job, rows, chunkOptions, { ...part, ...move }),
    onInserted(now) {
      if (now.read >= run.totals.read) run.totals = now;
      onProgress?.(run.totals, books.read);
    },
  });
}

function openWriter({ books }: BatchRun, reader: BatchReader, sender: ChunkSender, onFailure: () => void): RowWriter {
  return new ChunkWriter({
    maxRows: books.rowsPerJob > 1 ? Math.min(CHUNK_ROWS, CHUNK_JOBS * books.rowsPerJob) : CHUNK_JOBS,
    maxCharacters: CHUNK_BYTES,
    takeRange: () => reader.takeRange(),
    send: (rows, range) => sender.send(rows, range),
    onFailure,
  });
}

/**
 * Reads and checks the rows, and hands them to the writer. Returns whether the source came to its
 * end.
 */
async function readRows(run: BatchRun, reader: BatchReader, writer: RowWriter): Promise<boolean> {
  const noteColumnsOnce = columnNoter(run);
  try {
    return await reader.run(
      (row) => writer.add(row),
      () => noteColumnsOnce() ?? (reader.sinceRange >= MAX_UNSENT_ROWS ? writer.sendChunk() : undefined),
    );
  } catch (error) {
    // The abort closes the source while we read it, and the source then throws. That is an
    // interruption and no failure.
    if (run.options.signal?.aborted === true) return false;
    // No chunk may be on its way when the caller hears of the error; this one is told, and not its
    // consequence.
    await writer.flush().catch(() => undefined);
    if (run.totals.read === 0 && error instanceof SourceInvalid) await forgetBatch(run);
    throw error;
  }
}

/**
 * Notes the columns of the source, after the first block of rows, unless the books have them
 * already.
 */
function columnNoter({ job, options, books, access }: BatchRun): () => Promise<void> | undefined {
  let columns = books.columns === undefined ? options.source.columns : undefined;
  return () => {
    const names = columns?.();
    columns = undefined;
    if (names === undefined) return undefined;
    const keys = batchKeys(access.prefix, job.queue, options.name);
    return access.ask((redis) => noteColumns(redis, keys, names));
  };
}

/**
 * Frees the name of a batch whose source was unusable from its beginning: the mended source is
 * another one. When Redis is away, the name stays taken.
 */
async function forgetBatch({ job, options, access }: BatchRun): Promise<void> {
  const place = { prefix: access.prefix, queue: job.queue, batch: options.name };
  await access.ask((redis) => forgetBooks(redis, place)).catch(() => undefined);
}

/** Sends what the writer still holds. Returns whether all of the source was sent. */
async function sendRest(writer: RowWriter, isThrough: boolean): Promise<boolean> {
  try {
    // The last chunk tells Redis that the source ends here. It is sent even when it is empty.
    if (isThrough) await writer.sendChunk();
    await writer.flush();
    return isThrough;
  } catch (error) {
    // The other chunk, as above: it would outlive the producer, and open its connection again.
    await writer.flush().catch(() => undefined);
    if (error instanceof SendingInterrupted) return false;
    throw error;
  }
}
