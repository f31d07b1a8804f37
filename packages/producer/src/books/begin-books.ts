import {
  type BatchKeys,
  batchesKey,
  batchKeys,
  cancelledBatch,
  cancelledKey,
  type Redis,
} from '@bullpen/shared/internal';
import { FORGET_SCRIPT, NOTE_COLUMNS_SCRIPT, OPEN_SCRIPT } from './begin-script.js';
import { type BatchBooks, type BatchPlace, bookKeys, readBooks, recordOf } from './books.js';

/** What stands in new books. */
export type NewBooks = Pick<
  BatchBooks,
  | 'job'
  | 'source'
  | 'format'
  | 'bytes'
  | 'sha256'
  | 'keyField'
  | 'rowsPerJob'
  | 'delayMs'
  | 'priority'
  | 'results'
  | 'keepMs'
  | 'keepKeysMs'
>;

type WithOpen = Redis & {
  bullpenOpenBatch(...args: (string | number)[]): Promise<string[] | Record<string, string>>;
  bullpenNoteColumns(books: string, columns: string): Promise<null>;
  bullpenForgetBatch(...keysAndName: string[]): Promise<null>;
};

/**
 * Defines on a connection the scripts that begin books, note columns in them, and forget them. Call
 * it once per connection.
 */
export function defineOpenBatch(redis: Redis): void {
  redis.defineCommand('bullpenOpenBatch', { numberOfKeys: 7, lua: OPEN_SCRIPT });
  redis.defineCommand('bullpenNoteColumns', { numberOfKeys: 1, lua: NOTE_COLUMNS_SCRIPT });
  redis.defineCommand('bullpenForgetBatch', { numberOfKeys: 6, lua: FORGET_SCRIPT });
}

/** Begins the books of a batch. When the batch has books already, returns these. Safe to repeat. */
export async function beginBooks(
  redis: Redis,
  { prefix, queue, batch, now }: BatchPlace & { readonly now: number },
  fresh: NewBooks,
): Promise<BatchBooks> {
  const fields = Object.entries({ ...fresh, results: fresh.results ? 1 : undefined, createdAt: now, writtenAt: now });
  const args = fields.flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  const keys = [...bookKeys(batchKeys(prefix, queue, batch)), batchesKey(prefix, queue), cancelledKey(prefix, queue)];
  const reply = await (redis as WithOpen).bullpenOpenBatch(...keys, batch, cancelledBatch(batch), ...args);
  return readBooks(queue, batch, Array.isArray(reply) ? recordOf(reply) : reply) as BatchBooks;
}

/** Notes the columns of a source in the books of its batch, if the books are still there. */
export async function noteColumns(redis: Redis, { books }: BatchKeys, columns: readonly string[]): Promise<void> {
  await (redis as WithOpen).bullpenNoteColumns(books, JSON.stringify(columns));
}

/** Forgets a batch, unless a row of it was read or it was cancelled. */
export async function forgetBooks(redis: Redis, { prefix, queue, batch }: BatchPlace): Promise<void> {
  const keys = [...bookKeys(batchKeys(prefix, queue, batch)), batchesKey(prefix, queue)];
  await (redis as WithOpen).bullpenForgetBatch(...keys, batch);
}
