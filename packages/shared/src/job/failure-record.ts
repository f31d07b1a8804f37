import type { Thrown } from './describe-thrown.js';

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

const MAX_REASON = 200;
const MAX_STACK = 2_000;

/**
 * Makes the reason of a failure, a text that many rows share. It leaves out numbers, ids and quoted
 * parts, because they differ from row to row: nobody reads a million different reasons.
 */
export function reasonOfFailure({ name, message }: Pick<Thrown, 'name' | 'message'>): string {
  // Cut before replacing: a message may be a megabyte.
  const said = `${name}: ${message.slice(0, 2 * MAX_REASON)}`
    .slice(0, 2 * MAX_REASON)
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/gi, '…')
    .replace(/"[^"\n]*"|'[^'\n]*'/g, '…')
    .replace(/\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)[0-9a-f]{6,}\b/gi, '…')
    .replace(/\d+/g, '…')
    .replace(/[^\S ]+/g, ' ');
  return said.slice(0, MAX_REASON);
}

/**
 * Writes a record for the books: its reason, and its text. The script that puts it into the books
 * fills in `failedAt`, which stands first in the text.
 */
export function writeFailure(record: Omit<FailureRecord, 'failedAt'>): {
  readonly reason: string;
  readonly text: string;
} {
  const { name, message, stack } = record.error;
  const error = { name, message, ...(stack === undefined ? {} : { stack: stack.slice(0, MAX_STACK) }) };
  return { reason: reasonOfFailure(record.error), text: JSON.stringify({ failedAt: null, ...record, error }) };
}

/** Reads a record from the books, where it stands behind its reason and a line break. */
export function readFailure(kept: string): FailureRecord & { readonly reason: string } {
  const end = kept.indexOf('\n');
  return { ...(JSON.parse(kept.slice(end + 1)) as FailureRecord), reason: kept.slice(0, end) };
}
