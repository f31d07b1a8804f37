import { reasonOfFailure } from './failure-reason.js';

/** The books' record of a row that failed. */
export interface FailureRecord {
  /**
   * The payload as it was enqueued, as JSON text, so that people can mend it and send it again. A
   * value cannot hold every number of a text. `undefined` when it was malformed.
   */
  readonly json: string | undefined;
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
 * that reason; and its text, with the payload behind a line break. The script that puts it into the
 * books fills in `failedAt`, which stands first in the text.
 */
export function writeFailure({ json = '', ...record }: Omit<FailureRecord, 'failedAt'>): {
  readonly reason: string;
  readonly text: string;
} {
  const { name, message, stack } = record.error;
  const error = { name, message, ...(stack === undefined ? {} : { stack: stack.slice(0, MAX_STACK) }) };
  // Never half of a surrogate pair.
  const example = `${name}: ${message}`.slice(0, MAX_EXAMPLE).replace(/[\uD800-\uDBFF]$/, '');
  const text = `${JSON.stringify({ failedAt: null, ...record, error })}\n${json}`;
  return { reason: `${reasonOfFailure(record.error)}\n${example}`, text };
}

/** Reads a record from the books, where it stands behind its reason and a line break. */
export function readFailure(kept: string): FailureRecord & { readonly reason: string; readonly payload: unknown } {
  const end = kept.indexOf('\n');
  const endOfRecord = kept.indexOf('\n', end + 1);
  const json = kept.slice(endOfRecord + 1) || undefined;
  const record = JSON.parse(kept.slice(end + 1, endOfRecord)) as Omit<FailureRecord, 'json'>;
  const payload = json === undefined ? undefined : (JSON.parse(json) as unknown);
  return { ...record, reason: kept.slice(0, end), payload, json };
}
