import { type BatchKeys, batchKeys, type Redis } from '@bullpen/shared/internal';
import { type RejectionReason, readRejections } from '../enqueue/rejections.js';

/** Where the books of a batch are. */
export interface BatchPlace {
  readonly prefix: string;
  readonly queue: string;
  readonly batch: string;
}

/** What stands in the books of a batch. Instants are milliseconds since 1970. */
export interface BatchBooks {
  /** The name of the batch. */
  readonly name: string;
  /** The queue of its jobs. */
  readonly queue: string;
  /** The name of its jobs. */
  readonly job: string;
  /** The name of its source: a path, or `-` for the standard input. */
  readonly source: string;
  /** The format of its source. */
  readonly format: string;
  /** What separates the cells of a CSV source, if it was given. */
  readonly delimiter: string | undefined;
  /** The size of the source in bytes. `undefined` when it was no file. */
  readonly bytes: number | undefined;
  /** The SHA-256 of the source, in hex. `undefined` when it was no file. */
  readonly sha256: string | undefined;
  /** The columns of a CSV source, in order. */
  readonly columns: readonly string[] | undefined;
  /** The field of each row that holds its key. */
  readonly keyField: string | undefined;
  /** How many rows share one job on Redis. */
  readonly rowsPerJob: number;
  /** How long its jobs waited before they were due, in milliseconds. */
  readonly delayMs: number;
  /** The priority of its jobs; 0 without one. */
  readonly priority: number;
  /** Whether it keeps what its handlers return. */
  readonly results: boolean;
  /** How long its books are kept after they were last written, in milliseconds. */
  readonly keepMs: number;
  /** How long the keys of its rows stay taken, in milliseconds. */
  readonly keepKeysMs: number;
  /** When it was begun. */
  readonly createdAt: number;
  /** When its books were last written. */
  readonly writtenAt: number;
  /** When its source had been read to the end. `undefined` before that. */
  readonly readAt: number | undefined;
  /** When somebody cancelled it. `undefined` when nobody did. */
  readonly cancelledAt: number | undefined;
  /** Rows that were read: added + duplicate + rejected. */
  readonly read: number;
  /** Rows that became jobs. */
  readonly added: number;
  /** Rows whose key was taken. */
  readonly duplicate: number;
  /** Rows that did not parse, or do not fit the job's schema. */
  readonly rejected: number;
  /** Why rows were rejected. At most twenty reasons; all others are counted as one. */
  readonly rejections: readonly RejectionReason[];
  /** Added rows that completed. */
  readonly completed: number;
  /** Added rows that failed for good. */
  readonly failed: number;
  /** Added rows that were cancelled. */
  readonly cancelled: number;
  /** The running checksum of the rows that were read. */
  readonly checksum: string;
}

/** The keys of a batch in the order in which our scripts take them. */
export function bookKeys({ books, fates, failures, reasons, results }: BatchKeys): string[] {
  return [books, fates, failures, reasons, results];
}

/** Fetches the books of a batch; `undefined` when there is none. */
export async function fetchBooks(redis: Redis, { prefix, queue, batch }: BatchPlace): Promise<BatchBooks | undefined> {
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
    ...{ name: batch, queue, job, source: hash['source'] ?? '', format: hash['format'] ?? '' },
    ...{ bytes: optional('bytes'), sha256: hash['sha256'], delimiter: hash['delimiter'], keyField: hash['keyField'] },
    columns: columns === undefined ? undefined : (JSON.parse(columns) as string[]),
    ...{ rowsPerJob: number('rowsPerJob'), delayMs: number('delayMs'), priority: number('priority') },
    ...{ results: hash['results'] === '1', keepMs: number('keepMs'), keepKeysMs: number('keepKeysMs') },
    ...{ createdAt: number('createdAt'), writtenAt: number('writtenAt') },
    ...{ readAt: optional('readAt'), cancelledAt: optional('cancelledAt') },
    ...{ read: number('read'), added: number('added'), duplicate: number('duplicate'), rejected: number('rejected') },
    rejections: readRejections(hash),
    ...{ completed: number('completed'), failed: number('failed'), cancelled: number('cancelled') },
    checksum: hash['checksum'] ?? '0',
  };
}

/** Turns the reply of HGETALL in a script into a record: it lists each name and then its value. */
export function recordOf(flat: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) record[flat[at] as string] = flat[at + 1] as string;
  return record;
}
