import type { Thrown } from './describe-thrown.js';

/** What the books keep of a row that failed. */
export interface FailureRecord {
  /**
   * As it was enqueued: what is needed to mend it and send it again. Absent when it was not
   * readable.
   */
  readonly payload: unknown;
  readonly outcome: 'failed' | 'rejected' | 'expired' | 'crashed';
  readonly error: { readonly name: string; readonly message: string; readonly stack?: string };
  /** Attempts made. */
  readonly attempts: number;
  /** When it failed, in milliseconds since 1970. */
  readonly failedAt: number;
}

const MAX_REASON = 200;
const MAX_STACK = 2_000;

/**
 * Why a row failed, in words that many rows share: numbers, ids and what is quoted differ from row
 * to row, and a million reasons are none.
 */
export function reasonOfFailure({ name, message }: Pick<Thrown, 'name' | 'message'>): string {
  // Cut first: a message may be a megabyte.
  const said = `${name}: ${message.slice(0, 2 * MAX_REASON)}`
    .slice(0, 2 * MAX_REASON)
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/gi, '…')
    .replace(/"[^"\n]*"|'[^'\n]*'/g, '…')
    .replace(/\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)[0-9a-f]{6,}\b/gi, '…')
    .replace(/\d+/g, '…')
    .replace(/[^\S ]+/g, ' ');
  return said.slice(0, MAX_REASON);
}

/** A record ready to be kept: its reason, and its text. */
export function writeFailure(record: FailureRecord): { readonly reason: string; readonly text: string } {
  const { name, message, stack } = record.error;
  const error = { name, message, ...(stack === undefined ? {} : { stack: stack.slice(0, MAX_STACK) }) };
  return { reason: reasonOfFailure(record.error), text: JSON.stringify({ ...record, error }) };
}

/** Reads a record as the books keep it: behind its reason and a line break. */
export function readFailure(kept: string): FailureRecord & { readonly reason: string } {
  const end = kept.indexOf('\n');
  return { ...(JSON.parse(kept.slice(end + 1)) as FailureRecord), reason: kept.slice(0, end) };
}
