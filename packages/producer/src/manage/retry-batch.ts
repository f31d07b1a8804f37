import { BatchConflict, BatchLost, type BatchRef, type JobDefinition, OptionsInvalid } from '@bullpen/shared';
import { batchKeys, FATE, readRowKey } from '@bullpen/shared/internal';
import { type BatchBooks, fetchBooks } from '../books/books.js';
import { findBatch, unknownBatch } from '../books/find-batch.js';
import { type FailedRow, readFailedRows } from '../books/kept-rows.js';
import { checkJob } from '../enqueue/check-arguments.js';
import { type BatchPart, CHUNK_BYTES, type ChunkOptions, type JobRow } from '../enqueue/chunk.js';
import type { InsertAccess, RedisAccess } from '../enqueue/redis-access.js';

/** What became of the failed rows of a batch. */
export interface RetriedBatch {
  /** The name of the batch. */
  readonly name: string;
  /** The queue of its jobs. */
  readonly queue: string;
  /** How many rows wait again. */
  readonly retried: number;
  /** How many rows stay failed because another row or job has taken their key in the meantime. */
  readonly keyTaken: number;
  /**
   * How many rows stay failed because their payload is not readable or has no valid key any more.
   */
  readonly unusable: number;
  /** Whether `signal` ended the retry before all failed rows had been seen. */
  readonly interrupted: boolean;
}

/** Which batch's failed rows are retried, and how. */
export interface RetryBatchOptions extends BatchRef {
  /** Ends the retry between two chunks. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each chunk with how many rows wait again so far. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/**
 * Enqueues the failed rows of a batch again, each with the same payload and with all its attempts.
 * Safe to repeat: a row that waits again is not failed any more.
 * @throws BatchUnknown; BatchConflict when the batch was cancelled; OptionsInvalid when `job` is
 *   not the job of its rows
 */
export async function retryBatch(
  job: JobDefinition,
  options: RetryBatchOptions,
  access: InsertAccess,
): Promise<RetriedBatch> {
  checkJob(job, 'cannot retry');
  const queue = await findBatch(options, access);
  const { name, signal, onProgress } = options;
  const books = await access.ask((redis) => fetchBooks(redis, { prefix: access.prefix, queue, batch: name }));
  if (books === undefined) throw await unknownBatch({ name, queue }, access);
  checkRetry(job, books);
  const retry = new Retry(job, books, access);
  let [retried, keyTaken, unusable] = [0, 0, 0];
  const result = (interrupted: boolean) => ({ name, queue, retried, keyTaken, unusable, interrupted });

  for await (const page of readFailedRows(queue, name, access)) {
    const rows = page.flatMap((failed) => jobRowFor(failed, books) ?? []);
    unusable += page.length - rows.length;
    for (const chunk of splitIntoChunks(rows)) {
      if (signal?.aborted === true) return result(true);
      const enqueued = await retry.enqueue(chunk);
      retried += enqueued;
      keyTaken += chunk.length - enqueued;
      onProgress?.(retried);
    }
  }
  return result(false);
}

/** Enqueues failed rows of a batch again. */
export class Retry {
  readonly #job: JobDefinition;
  readonly #batch: BatchRef;
  readonly #part: BatchPart;
  readonly #options: ChunkOptions;
  readonly #access: InsertAccess;

  constructor(job: JobDefinition, books: BatchBooks, access: InsertAccess) {
    const { name, queue, priority } = books;
    this.#job = job;
    this.#batch = { name, queue };
    this.#part = partFor(books, batchKeys(access.prefix, queue, name));
    this.#options = { delayMs: 0, priority, expiresAt: undefined, maxWaiting: undefined };
    this.#access = access;
  }

  /**
   * @returns how many of the rows wait again; the keys of the others were taken in the meantime
   * @throws BatchConflict when the batch was cancelled; BatchLost
   */
  async enqueue(chunk: readonly JobRow[]): Promise<number> {
    const inserted = await this.#access.insert(this.#job, chunk, this.#options, this.#part);
    if (inserted.kind === 'cancelled') throw batchCancelled(this.#batch);
    if (inserted.kind !== 'ok') throw new BatchLost(this.#batch, 'while its rows were enqueued again');
    const notAdded = chunk.filter((_, at) => inserted.answers[at] !== 'added').map(({ row = 0 }) => row);
    const stayed = notAdded.length === 0 ? 0 : await countFailed(this.#part.keys.fates, notAdded, this.#access);
    return chunk.length - stayed;
  }
}

/** @throws BatchConflict when the batch was cancelled; OptionsInvalid when it has another job */
export function checkRetry(job: JobDefinition, books: BatchBooks, { allowCancelled = false } = {}): void {
  const { name, queue } = books;
  if (books.cancelledAt !== undefined && !allowCancelled) throw batchCancelled({ name, queue });
  const isSame = job.name === books.job && job.queue === queue;
  if (isSame) return;
  const reason = `the rows of batch '${name}' are jobs '${books.job}' on queue '${queue}', not '${job.name}' on '${job.queue}'`;
  throw new OptionsInvalid('cannot retry', [{ path: 'job', reason }]);
}

const batchCancelled = (batch: BatchRef): BatchConflict =>
  new BatchConflict(batch, `batch '${batch.name}' was cancelled; its rows are not retried`);

function partFor(books: BatchBooks, keys: BatchPart['keys']): BatchPart {
  const { name, keyField, results, keepKeysMs, read, checksum } = books;
  return {
    ...{ name, keys, keyField, results, keepKeysMs, retry: true },
    // Each row gets its own job. A shared job that still waits or runs sees this job and does not
    // attempt the row as well.
    rowsPerJob: 1,
    ...{ from: read, to: read, fromChecksum: checksum, toChecksum: checksum, rejected: new Map(), isLast: false },
  };
}

/** The row to enqueue again. `undefined` when its payload or its key is unusable. */
function jobRowFor({ row, payload, json: data }: FailedRow, { keyField }: BatchBooks): JobRow | undefined {
  if (data === undefined) return undefined;
  if (keyField === undefined) return { row, data };
  const read = readRowKey(payload, keyField);
  return 'key' in read ? { key: read.key, row, data } : undefined;
}

/** Splits rows into chunks of at most {@link CHUNK_BYTES}. A larger row is a chunk of its own. */
export function splitIntoChunks(rows: readonly JobRow[]): JobRow[][] {
  const chunks: JobRow[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    if (characters + row.data.length > CHUNK_BYTES) {
      chunks.push([]);
      characters = 0;
    }
    chunks.at(-1)?.push(row);
    characters += row.data.length;
  }
  return chunks;
}

/**
 * Counts which of these rows are still failed. A row that is not failed any more was retried after
 * all: by an earlier call whose answer was lost, or by somebody else.
 */
async function countFailed(fates: string, rows: readonly number[], { ask }: RedisAccess): Promise<number> {
  const gets = rows.flatMap((row) => ['GET', 'u2', `#${row - 1}`]);
  const found = (await ask((redis) => redis.call('BITFIELD_RO', fates, ...gets))) as number[];
  return found.filter((fate) => fate === FATE.failed).length;
}
