import { type BatchKeys, batchesKey, batchKeys, cancelledBatchesKey } from '@bullpen/shared/internal';
import type { ProducerRedis } from '../enqueue/producer-redis.js';
import { type BatchBooks, type BatchPlace, bookKeys, readBooks, recordOf } from './books.js';

/** What stands in new books. */
export type NewBooks = Pick<
  BatchBooks,
  | 'job'
  | 'source'
  | 'format'
  | 'bytes'
  | 'sha256'
  | 'delimiter'
  | 'keyField'
  | 'rowsPerJob'
  | 'delayMs'
  | 'priority'
  | 'results'
  | 'keepMs'
  | 'keepKeysMs'
>;

/** Begins the books of a batch. When the batch has books already, returns these. Safe to repeat. */
export async function beginBooks(
  redis: ProducerRedis,
  { prefix, queue, batch, now }: BatchPlace & { readonly now: number },
  fresh: NewBooks,
): Promise<BatchBooks> {
  const fields = Object.entries({ ...fresh, results: fresh.results ? 1 : undefined, createdAt: now, writtenAt: now });
  const args = fields.flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  const indexes = [batchesKey(prefix, queue), cancelledBatchesKey(prefix, queue)];
  const keys = [...bookKeys(batchKeys(prefix, queue, batch)), ...indexes];
  const reply = await redis.bullpenOpenBatch(...keys, batch, ...args);
  return readBooks(queue, batch, Array.isArray(reply) ? recordOf(reply) : reply) as BatchBooks;
}

/** Notes the columns of a source in the books of its batch, if the books are still there. */
export async function noteColumns(
  redis: ProducerRedis,
  { books }: BatchKeys,
  columns: readonly string[],
): Promise<void> {
  await redis.bullpenNoteColumns(books, JSON.stringify(columns));
}

/** Forgets a batch, unless a row of it was read or it was cancelled. */
export async function forgetBooks(redis: ProducerRedis, { prefix, queue, batch }: BatchPlace): Promise<void> {
  const keys = [...bookKeys(batchKeys(prefix, queue, batch)), batchesKey(prefix, queue)];
  await redis.bullpenForgetBatch(...keys, batch);
}
