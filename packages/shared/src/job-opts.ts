import { createHash, randomUUID } from 'node:crypto';
import { isInstant } from './duration.js';

/**
 * What Bullpen adds to a job, in BullMQ's `opts` under `bullpen`: BullMQ keeps fields of `opts` that it does not know, and
 * the payload stays the plain `data` that any client in any language can write.
 */
export interface BullpenOpts {
  /** The job must not start after this instant, in milliseconds since 1970. */
  readonly expiresAt?: number;
  /** The batch it belongs to, and its row there, counted from 1. */
  readonly batch?: string;
  readonly row?: number;
  /** Names the enqueue call that stored this job, so that a call repeated after a lost reply knows its own jobs again. */
  readonly enqueue?: string;
  /** Written by a worker: which fields of the job were not JSON. On Redis an object, with what stood in each. */
  readonly unreadable?: readonly string[];
}

/** A batch's books take two bits per row: this many rows are 25 MB of Redis. */
const MOST_ROWS = 100_000_000;
const BATCH = /^[A-Za-z0-9_-]{1,100}$/;

/** Whether a batch can have this name: it is part of keys and ids. */
export function isBatchName(name: string): boolean {
  return BATCH.test(name);
}

/** Reads {@link BullpenOpts} from a job's opts, whoever wrote them. Fields of the wrong type are as good as absent. */
export function readBullpenOpts(opts: unknown): BullpenOpts {
  const found = (opts as { bullpen?: unknown } | null | undefined)?.bullpen;
  if (typeof found !== 'object' || found === null) return {};
  // Read for every attempt: one object, filled in place.
  const { expiresAt, batch, row, enqueue, unreadable } = found as Record<string, unknown>;
  const read: { -readonly [K in keyof BullpenOpts]: BullpenOpts[K] } = {};
  if (isInstant(expiresAt)) read.expiresAt = expiresAt;
  if (typeof batch === 'string' && BATCH.test(batch)) read.batch = batch;
  if (Number.isSafeInteger(row) && (row as number) >= 1 && (row as number) <= MOST_ROWS) read.row = row as number;
  if (typeof enqueue === 'string') read.enqueue = enqueue;
  if (typeof unreadable === 'object' && unreadable !== null) read.unreadable = Object.keys(unreadable);
  return read;
}

/**
 * The id of a job with a key: the same job name and key always give the same id. BullMQ reads some ids as commands (`active`, `0`, anything with a
 * colon), so the key itself never becomes the id: its readable part is there for people, the hash makes it unique.
 */
export function idForKey(jobName: string, key: string): string {
  const readable = key.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 40);
  // UTF-16, because UTF-8 has one and the same character for every half of a surrogate pair: such keys would share an id.
  const hash = createHash('sha256')
    .update(jobName)
    .update('\0')
    .update(key, 'utf16le')
    .digest('base64url')
    .slice(0, 22);
  return `k-${readable}-${hash}`;
}

/** The id of a batch's row that has no key. */
export function idForRow(batch: string, row: number): string {
  return `b-${batch}-${row}`;
}

/** A new id for a job without a key. */
export function newId(): string {
  return `j-${randomUUID()}`;
}
