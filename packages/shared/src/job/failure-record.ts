import { reasonOfFailure } from './failure-reason.js';

/** The books' record of a row that failed. */
export interface FailureRecord {
  /**
   * The payload as it was enqueued, so that people can mend it and send it again. `undefined` when
   * it was malformed.
   */
  readonly payload: unknown;
  readonly outcome: 'failed' | 'rejected' | 'expired' | 'crashed';
  readonly error: { readonly name: string; readonly message: string; readonly stack?: string };
  /** How many attempts were made. */
  readonly attempts: number;
  /** When the end of the row was recorded, by Redis' clock, in milliseconds since 1970. */
  readonly failedAt: number;
}

const MAX_STACK = 2_000;
const MAX_EXAMPLE = 500;

/**
 * Writes a record for the books: its reason, a line break and the error in whole, as an example of
 * that reason; and its text. The script that puts it into the books fills in `failedAt`, which
 * stands first in the text.
 */
export function writeFailure(record: Omit<FailureRecord, 'failedAt'>): {
  readonly reason: string;
  readonly text: string;
} {
  const { name, message, stack } = record.error;
  const error = { name, message, ...(stack === undefined ? {} : { stack: stack.slice(0, MAX_STACK) }) };
  // Never half of a surrogate pair.
  const example = `${name}: ${message}`.slice(0, MAX_EXAMPLE).replace(/[\uD800-\uDBFF]$/, '');
  const text = JSON.stringify({ failedAt: null, ...record, error });
  return { reason: `${reasonOfFailure(record.error)}\n${example}`, text };
}

/** Reads a record from the books, where it stands behind its reason and a line break. */
export function readFailure(kept: string): FailureRecord & { readonly reason: string } {
  const end = kept.indexOf('\n');
  return { ...(JSON.parse(kept.slice(end + 1)) as FailureRecord), reason: kept.slice(0, end) };
}
