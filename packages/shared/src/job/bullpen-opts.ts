import { createHash, randomUUID } from 'node:crypto';
import { isInstant } from './duration.js';

/**
 * What Bullpen adds to a job, in BullMQ's `opts` under `bullpen`: BullMQ keeps fields of `opts`
 * that it does not know, and the payload stays the plain `data` that any client in any language can
 * write.
 */
export interface BullpenOpts {
  /** The job must not start after this instant, in milliseconds since 1970. */
  readonly expiresAt?: number;
  /** The batch it belongs to. Its row there is part of its id, see {@link rowOfId}. */
  readonly batch?: string;
  /**
   * The rows of a job of several, as ranges: from, to, from, to … Its `data` is the list of their
   * payloads.
   */
  readonly rows?: readonly number[];
  /** The field of each payload that holds the row's key. */
  readonly keyField?: string;
  /** Whether the batch keeps what its handlers return. */
  readonly results?: boolean;
  /**
   * Names the enqueue call that stored this job, so that a call repeated after a lost reply knows
   * its own jobs again.
   */
  readonly enqueue?: string;
  /**
   * Written by a worker: which fields of the job were not JSON. On Redis an object, with what stood
   * in each.
   */
  readonly malformed?: readonly string[];
}

/** A batch's books take two bits per row: this many rows are 25 MB of Redis. */
export const MAX_ROWS = 100_000_000;
const BATCH = /^[A-Za-z0-9_-]{1,100}$/;

const isRow = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MAX_ROWS;

/** Whether a batch can have this name: it is part of keys and ids. */
export function isBatchName(name: string): boolean {
  return BATCH.test(name);
}

/**
 * Reads {@link BullpenOpts} from a job's opts, whoever wrote them. Fields of the wrong type are as
 * good as absent.
 */
export function readBullpenOpts(opts: unknown): BullpenOpts {
  const found = (opts as { bullpen?: unknown } | null | undefined)?.bullpen;
  if (typeof found !== 'object' || found === null) return {};
  // Read for every attempt: one object, filled in place.
  const { expiresAt, batch, rows, keyField, results, enqueue, malformed } = found as Record<string, unknown>;
  const read: { -readonly [K in keyof BullpenOpts]: BullpenOpts[K] } = {};
  if (isInstant(expiresAt)) read.expiresAt = expiresAt;
  if (typeof batch === 'string' && BATCH.test(batch)) read.batch = batch;
  if (Array.isArray(rows) && rows.length % 2 === 0 && rows.every(isRow)) read.rows = rows;
  if (typeof keyField === 'string') read.keyField = keyField;
  if (results === true) read.results = true;
  if (typeof enqueue === 'string') read.enqueue = enqueue;
  if (typeof malformed === 'object' && malformed !== null) read.malformed = Object.keys(malformed);
  return read;
}

/**
 * The id of a job with a key: the same job name and key always give the same id. BullMQ reads some
 * ids as commands (`active`, `0`, anything with a colon), so the key itself never becomes the id:
 * its readable part is there for people, the hash makes it unique.
 */
export function idForKey(jobName: string, key: string): string {
  const readable = key.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 40);
  // UTF-16, because UTF-8 has one and the same character for every half of a surrogate pair: such
  // keys would share an id.
  const hash = createHash('sha256')
    .update(jobName)
    .update('\0')
    .update(key, 'utf16le')
    .digest('base64url')
    .slice(0, 22);
  return `k-${readable}-${hash}`;
}

/** The id of a batch's row, and of the job that carries it alone. */
export function idForRow(batch: string, row: number): string {
  return `b-${batch}-${row}`;
}

/** Which row of a batch a job carries alone, by its id; `undefined` when it is no such job. */
export function rowOfId(batch: string, jobId: string): number | undefined {
  const start = `b-${batch}-`;
  const row = jobId.startsWith(start) ? jobId.slice(start.length) : '';
  return /^[1-9]\d{0,8}$/.test(row) ? Number(row) : undefined;
}

/** The most rows of one job. */
export const MAX_ROWS_PER_JOB = 1_000;

/** The single rows of ranges, in their order; not more than a job can have. */
export function expandRows(ranges: readonly number[]): number[] {
  const rows: number[] = [];
  for (let at = 0; at < ranges.length; at += 2) {
    for (let row = ranges[at] as number; row <= (ranges[at + 1] as number); row += 1) {
      if (rows.length >= MAX_ROWS_PER_JOB) return rows;
      rows.push(row);
    }
  }
  return rows;
}

/** Reads a row's key, or says what is wrong with it. A number is taken as its text. */
export function readRowKey(value: unknown, field: string): { readonly key: string } | { readonly reason: string } {
  const own = typeof value === 'object' && value !== null && Object.hasOwn(value, field);
  const found = own ? (value as Record<string, unknown>)[field] : undefined;
  if (found === undefined) return { reason: 'the key field is absent' };
  // Beyond 2^53 several numbers are read as one: their rows would count as duplicates of each
  // other.
  if (Number.isInteger(found) && !Number.isSafeInteger(found)) {
    return { reason: 'too large to be exact; write it as text' };
  }
  const key = typeof found === 'number' ? String(found) : found;
  const reason = keyFault(key);
  return reason === undefined ? { key: key as string } : { reason };
}

const MAX_KEY = 1_000;

/** What is wrong with a key; nothing, for nearly any text. */
export function keyFault(key: unknown): string | undefined {
  if (typeof key !== 'string') return `expected text, got ${typeof key}`;
  if (key.length === 0 || key.length > MAX_KEY) {
    return `expected 1 to ${MAX_KEY} characters, got ${key.length}`;
  }
  return undefined;
}

/** A new id for a job without a key. */
export function newId(): string {
  return `j-${randomUUID()}`;
}
