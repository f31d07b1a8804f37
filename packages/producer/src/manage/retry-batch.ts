import { BatchConflict, BatchUnknown, type JobDefinition, OptionsInvalid } from '@bullpen/shared';
import { batchKeys, idForKey, readRowKey } from '@bullpen/shared/internal';
import { type BatchBooks, fetchBooks } from '../books/books.js';
import { unknownBatch } from '../books/find-batch.js';
import { type FailedRow, readFailures } from '../books/kept-rows.js';
import { type BatchPart, CHUNK_BYTES, type JobRow } from '../enqueue/insert.js';
import type { RedisAccess } from '../enqueue/redis-access.js';

/** What became of the failed rows of a batch that was retried. */
export interface RetriedBatch {
  readonly batch: string;
  readonly queue: string;
  /** Rows that wait again. */
  readonly retried: number;
  /** Rows that stay failed: their key was taken by another row or job in the meantime. */
  readonly keyTaken: number;
  /** Rows that stay failed: their payload was never readable, or their key is none any more. */
  readonly unusable: number;
  /** Whether `signal` ended it before all failed rows had been seen. */
  readonly interrupted: boolean;
}

/** Options of `batches.retry`, beside which batch. */
export interface RetryBatchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Is told how many rows wait again so far. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/**
 * Enqueues the failed rows of a batch again, each with its payload as it was and all its attempts.
 * Safe to repeat: rows that wait again are not failed any more.
 * @throws BatchUnknown, BatchConflict when it was cancelled, OptionsInvalid when the job is not the
 *   one its rows are of
 */
export async function retryBatch(
  job: JobDefinition,
  queue: string,
  batch: string,
  { signal, onProgress }: RetryBatchOptions,
  access: RedisAccess,
): Promise<RetriedBatch> {
  const keys = batchKeys(access.prefix, queue, batch);
  const books = await access.ask((redis) => fetchBooks(redis, { prefix: access.prefix, queue, batch }));
  if (books === undefined) throw await unknownBatch(batch, queue, access);
  check(job, books);
  const part = partFor(books, keys);
  const terms = { delayMs: 0, priority: books.priority, expiresAt: undefined, keyed: false, maxWaiting: undefined };
  let [retried, keyTaken, unusable] = [0, 0, 0];
  const result = (interrupted: boolean) => ({ batch, queue, retried, keyTaken, unusable, interrupted });

  for await (const page of readFailures(queue, batch, access)) {
    const rows = page.flatMap((failed) => rowAgain(failed, books) ?? []);
    unusable += page.length - rows.length;
    for (const chunk of cut(rows)) {
      if (signal?.aborted === true) return result(true);
      const inserted = await access.insert(job, chunk, terms, part);
      if (inserted.kind === 'cancelled') throw cancelled(batch);
      if (inserted.kind !== 'ok') throw new BatchUnknown(`the books of batch '${batch}' are gone: they expired`);
      const left = chunk.filter((_, at) => inserted.answers[at] !== 'added').map(({ row = 0 }) => row);
      const stayed = left.length === 0 ? 0 : await countFailed(keys.fates, left, access);
      retried += chunk.length - stayed;
      keyTaken += stayed;
      onProgress?.(retried);
    }
  }
  return result(false);
}

function check(job: JobDefinition, books: BatchBooks): void {
  const { batch, queue } = books;
  if (books.cancelledAt !== undefined) throw cancelled(batch);
  const isSame = job.name === books.job && job.queue === queue;
  if (isSame) return;
  const reason = `the rows of batch '${batch}' are jobs '${books.job}' on queue '${queue}', not '${job.name}' on '${job.queue}'`;
  throw new OptionsInvalid('cannot retry', [{ path: 'job', reason }]);
}

const cancelled = (batch: string): BatchConflict =>
  new BatchConflict(`batch '${batch}' was cancelled; its rows are not retried`);

function partFor(books: BatchBooks, keys: BatchPart['keys']): BatchPart {
  const { batch: name, keyField, results, keepKeysMs, read, checksum } = books;
  return {
    ...{ name, keys, keyField, results, keepKeysMs, retry: true },
    // Each in a job of its own: a shared job that is still in the queue, or in a worker's hands,
    // knows by this that the row has left it.
    rowsPerJob: 1,
    ...{ from: read, to: read, fromChecksum: checksum, toChecksum: checksum, rejected: 0, isLast: false },
  };
}

function rowAgain({ row, payload }: FailedRow, { job, keyField }: BatchBooks): JobRow | undefined {
  if (payload === undefined) return undefined;
  const data = JSON.stringify(payload);
  if (keyField === undefined) return { id: '', row, data };
  const read = readRowKey(payload, keyField);
  return 'key' in read ? { id: idForKey(job, read.key), row, data } : undefined;
}

/** Pieces of so many bytes at most, or one row. */
function cut(rows: readonly JobRow[]): JobRow[][] {
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
 * How many of the rows are failed still. One that is not was retried after all: by the call before
 * this one, whose answer was lost, or by somebody else.
 */
async function countFailed(fates: string, rows: readonly number[], { ask }: RedisAccess): Promise<number> {
  const gets = rows.flatMap((row) => ['GET', 'u2', `#${row - 1}`]);
  const found = (await ask((redis) => redis.call('BITFIELD_RO', fates, ...gets))) as number[];
  return found.filter((fate) => fate === 2).length;
}
