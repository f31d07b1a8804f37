import { keyFault } from './key-fault.js';

/**
 * The most rows of one batch. Its books take two bits per row: this many rows take 25 MB of Redis.
 */
export const MAX_ROWS = 100_000_000;

/** The most rows of one job. */
export const MAX_ROWS_PER_JOB = 1_000;

const BATCH = /^[A-Za-z0-9_-]{1,100}$/;

/** Whether a batch can have this name. The name becomes part of keys and ids. */
export function isBatchName(name: unknown): name is string {
  return typeof name === 'string' && BATCH.test(name);
}

/** Whether `value` can be the number of a row: 1 to {@link MAX_ROWS}. */
export const isRow = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MAX_ROWS;

/** The id of a batch's row, and of a job that holds this row only. */
export function idForRow(batch: string, row: number): string {
  return `b-${batch}-${row}`;
}

/**
 * The row of a job that holds one row of the batch, read from its id; `undefined` for other jobs.
 */
export function rowOfId(batch: string, jobId: string): number | undefined {
  const start = `b-${batch}-`;
  const row = jobId.startsWith(start) ? jobId.slice(start.length) : '';
  return /^[1-9]\d{0,8}$/.test(row) ? Number(row) : undefined;
}

/**
 * Lists the rows of ranges (from, to, from, to …) in order, at most as many as one job can have.
 */
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

/** Reads a row's key from its key field, or says what is wrong with it. A number becomes text. */
export function readRowKey(value: unknown, field: string): { readonly key: string } | { readonly reason: string } {
  const isOwn = typeof value === 'object' && value !== null && Object.hasOwn(value, field);
  const found = isOwn ? (value as Record<string, unknown>)[field] : undefined;
  if (found === undefined) return { reason: 'the key field is absent' };
  // Beyond 2^53 JavaScript reads different numbers as the same one, and beyond 1e308 as infinite:
  // their rows would count as duplicates of each other.
  if (typeof found === 'number' && Math.abs(found) > Number.MAX_SAFE_INTEGER) {
    return { reason: 'too large to be exact; write it as text' };
  }
  const key = typeof found === 'number' ? String(found) : found;
  const reason = keyFault(key);
  return reason === undefined ? { key: key as string } : { reason };
}
