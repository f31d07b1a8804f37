import { isInstant } from './duration.js';
import { isBatchName, isRow } from './row-id.js';

/**
 * What Bullpen adds to a job, in BullMQ's `opts` under `bullpen`. BullMQ keeps fields of `opts`
 * that it does not know, so the payload stays plain `data` that a client in any language can write.
 */
export interface BullpenOpts {
  /** The job must not start after this instant, in milliseconds since 1970. */
  readonly expiresAt?: number;
  /** The batch of the job. The job's row in it is part of its id, see {@link rowOfId}. */
  readonly batch?: string;
  /**
   * The rows of a shared job, as ranges: from, to, from, to … The job's `data` is the list of their
   * payloads.
   */
  readonly rows?: readonly number[];
  /** The field of each payload that holds the row's key. */
  readonly keyField?: string;
  /** Whether the batch keeps the results of its rows. */
  readonly results?: boolean;
  /**
   * The fields of the job that were not JSON; a worker writes this. On Redis it is an object that
   * also holds the text of each field.
   */
  readonly malformed?: readonly string[];
}

/**
 * Reads {@link BullpenOpts} from a job's opts, whoever wrote them. Ignores fields of a wrong type.
 */
export function readBullpenOpts(opts: unknown): BullpenOpts {
  const found = (opts as { bullpen?: unknown } | null | undefined)?.bullpen;
  if (typeof found !== 'object' || found === null) return {};
  // Every attempt reads these: one object, filled in place.
  const { expiresAt, batch, rows, keyField, results, malformed } = found as Record<string, unknown>;
  const read: { -readonly [K in keyof BullpenOpts]: BullpenOpts[K] } = {};
  if (isInstant(expiresAt)) read.expiresAt = expiresAt;
  if (typeof batch === 'string' && isBatchName(batch)) read.batch = batch;
  if (Array.isArray(rows) && rows.length % 2 === 0 && rows.every(isRow)) read.rows = rows;
  if (typeof keyField === 'string') read.keyField = keyField;
  if (results === true) read.results = true;
  if (typeof malformed === 'object' && malformed !== null) read.malformed = Object.keys(malformed);
  return read;
}
