import {
  type BatchKeys,
  batchesKey,
  batchKeys,
  cancelledBatch,
  cancelledKey,
  type Redis,
} from '@bullpen/shared/internal';
import { FORGET_SCRIPT, NOTE_COLUMNS_SCRIPT, OPEN_SCRIPT } from './begin-script.js';

/** What stands in the books of a batch. Instants in milliseconds since 1970. */
export interface BatchBooks {
  readonly batch: string;
  readonly queue: string;
  readonly job: string;
  /** What its source was called when it was begun, and its format. */
  readonly source: string;
  readonly format: string;
  /** Size and SHA-256 of a source that was a file. */
  readonly bytes: number | undefined;
  readonly sha256: string | undefined;
  /** The columns of a CSV source, in their order. */
  readonly columns: readonly string[] | undefined;
  readonly keyField: string | undefined;
  readonly rowsPerJob: number;
  readonly delayMs: number;
  readonly priority: number;
  /** Whether it keeps what its handlers return. */
  readonly results: boolean;
  /**
   * How long its books are kept after they were last written, and the keys of its rows stay taken,
   * ms.
   */
  readonly keepMs: number;
  readonly keepKeysMs: number;
  readonly createdAt: number;
  readonly writtenAt: number;
  /** When its source had been read to the end. */
  readonly readAt: number | undefined;
  readonly cancelledAt: number | undefined;
  /** Rows read = added + duplicate + rejected. */
  readonly read: number;
  readonly added: number;
  readonly duplicate: number;
  readonly rejected: number;
  /** Of the added rows, those that are settled. */
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** The running checksum of the rows read. */
  readonly checksum: string;
}

/** What new books are opened with. */
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
 * Teaches a connection the scripts that open books, note columns in them and forget them; once per
 * connection.
 */
export function defineOpenBatch(redis: Redis): void {
  redis.defineCommand('bullpenOpenBatch', { numberOfKeys: 7, lua: OPEN_SCRIPT });
  redis.defineCommand('bullpenNoteColumns', { numberOfKeys: 1, lua: NOTE_COLUMNS_SCRIPT });
  redis.defineCommand('bullpenForgetBatch', { numberOfKeys: 6, lua: FORGET_SCRIPT });
}

/**
 * Opens a batch's books, or finds them open: what is returned says which by its fields. Safe to
 * repeat.
 */
export async function openBooks(
  redis: Redis,
  { prefix, queue, batch, now }: { prefix: string; queue: string; batch: string; now: number },
  fresh: NewBooks,
): Promise<BatchBooks> {
  const fields = Object.entries({ ...fresh, results: fresh.results ? 1 : undefined, createdAt: now, writtenAt: now });
  const args = fields.flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  const keys = [...bookKeys(batchKeys(prefix, queue, batch)), batchesKey(prefix, queue), cancelledKey(prefix, queue)];
  const reply = await (redis as WithOpen).bullpenOpenBatch(...keys, batch, cancelledBatch(batch), ...args);
  return readBooks(queue, batch, Array.isArray(reply) ? recordOf(reply) : reply) as BatchBooks;
}

/** Notes the columns of a batch's source in its books, if they are still there. */
export async function noteColumns(redis: Redis, { books }: BatchKeys, columns: readonly string[]): Promise<void> {
  await (redis as WithOpen).bullpenNoteColumns(books, JSON.stringify(columns));
}

/** Forgets a batch, if no row of it was read and it was not cancelled. */
export async function forgetBooks(
  redis: Redis,
  { prefix, queue, batch }: { prefix: string; queue: string; batch: string },
): Promise<void> {
  const keys = [...bookKeys(batchKeys(prefix, queue, batch)), batchesKey(prefix, queue)];
  await (redis as WithOpen).bullpenForgetBatch(...keys, batch);
}

/** The keys of a batch in the order in which our scripts know them. */
export function bookKeys({ books, fates, failures, reasons, results }: BatchKeys): string[] {
  return [books, fates, failures, reasons, results];
}

/** Fetches the books of a batch; `undefined` when there is none. */
export async function fetchBooks(
  redis: Redis,
  { prefix, queue, batch }: { prefix: string; queue: string; batch: string },
): Promise<BatchBooks | undefined> {
  return readBooks(queue, batch, await redis.hgetall(batchKeys(prefix, queue, batch).books));
}

/** Reads the hash of a batch; `undefined` when there is none. */
export function readBooks(
  queue: string,
  batch: string,
  hash: Readonly<Record<string, string>>,
): BatchBooks | undefined {
  const { job } = hash;
  if (job === undefined) return undefined;
  const number = (field: string): number => Number(hash[field] ?? 0);
  const optional = (field: string): number | undefined => (hash[field] === undefined ? undefined : number(field));
  const { columns } = hash;
  return {
    ...{ batch, queue, job, source: hash['source'] ?? '', format: hash['format'] ?? '' },
    ...{ bytes: optional('bytes'), sha256: hash['sha256'], keyField: hash['keyField'] },
    columns: columns === undefined ? undefined : (JSON.parse(columns) as string[]),
    ...{ rowsPerJob: number('rowsPerJob'), delayMs: number('delayMs'), priority: number('priority') },
    ...{ results: hash['results'] === '1', keepMs: number('keepMs'), keepKeysMs: number('keepKeysMs') },
    ...{ createdAt: number('createdAt'), writtenAt: number('writtenAt') },
    ...{ readAt: optional('readAt'), cancelledAt: optional('cancelledAt') },
    ...{ read: number('read'), added: number('added'), duplicate: number('duplicate'), rejected: number('rejected') },
    ...{ completed: number('completed'), failed: number('failed'), cancelled: number('cancelled') },
    checksum: hash['checksum'] ?? '0',
  };
}

/** A hash as a script answers with it: names and values by turns. */
export function recordOf(flat: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) record[flat[at] as string] = flat[at + 1] as string;
  return record;
}
