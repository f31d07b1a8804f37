import {
  type BullpenOpts,
  FATE,
  type FailureRecord,
  hashKey,
  readRowKey,
  type Thrown,
  writeFailure,
} from '@bullpen/shared/internal';
import type { Outcome } from './outcome.js';

/** The end of a row of a batch, as the books store it. */
export interface RowNote {
  readonly row: number;
  readonly fate: 'completed' | 'failed' | 'cancelled';
  /**
   * Why it failed, in a text that many rows may share; then a line break and the error in whole.
   */
  readonly reason: string;
  /**
   * The record of its failure; or its result, if the batch keeps results. Empty when there is
   * nothing to keep.
   */
  readonly text: string;
  /** The hash of its key, which becomes free. Empty when the row has no key, or keeps it. */
  readonly key: string;
}

/** What {@link rowNote} reads beside the outcome. */
export interface RowEnd {
  readonly bullpen: BullpenOpts;
  readonly row: number;
  readonly job: string;
  /** Reads the payload as it was enqueued, as JSON. Called only when it must be kept. */
  readonly json: () => string | undefined;
  /** Which attempt it was, counted from 1, and how many there may be. */
  readonly attempt: number;
  readonly maxAttempts: number;
}

/**
 * The longest result that a batch keeps, in characters of JSON. Of a longer result only the length
 * is kept, after a `!`.
 */
const MAX_RESULT = 16 * 1024;

/** What to note of a row; `undefined` when this outcome does not settle it. */
export function rowNote(outcome: Outcome, end: RowEnd): RowNote | undefined {
  const { row } = end;
  switch (outcome.kind) {
    case 'snoozed':
    case 'interrupted':
      return undefined;
    case 'completed':
      return { row, fate: 'completed', reason: '', text: resultText(outcome.result, end.bullpen), key: '' };
    case 'cancelled':
      return { row, fate: 'cancelled', reason: '', text: '', key: keyOf(end) };
    case 'failed':
      return end.attempt < end.maxAttempts ? undefined : failedRow(outcome.kind, outcome.error, end);
    default:
      return failedRow(outcome.kind, outcome.error, end);
  }
}

/** The note of a row that failed. */
export function failedRow(kind: FailureRecord['outcome'], error: Thrown, end: RowEnd): RowNote {
  const { name, message, stack } = error;
  // For an expired or crashed job, the handler was not called in this attempt.
  const attempts = kind === 'expired' || kind === 'crashed' ? end.attempt - 1 : end.attempt;
  const { reason, text } = writeFailure({
    ...{ json: end.json(), outcome: kind, attempts },
    error: { name, message, ...(stack === undefined ? {} : { stack }) },
  });
  return { row: end.row, fate: 'failed', reason, text, key: keyOf(end) };
}

/** A note as the arguments of our scripts. */
export const rowNoteArgs = ({ row, fate, reason, text, key }: RowNote): (string | number)[] => [
  ...[row, FATE[fate], reason, text, key],
];

function resultText(result: unknown, { results }: BullpenOpts): string {
  if (results !== true) return '';
  const text = JSON.stringify(result) ?? 'null';
  return text.length > MAX_RESULT ? `!${text.length}` : text;
}

/** After a row failed or was cancelled, a corrected row may be sent under the same key. */
function keyOf({ bullpen: { keyField }, json, job }: RowEnd): string {
  const text = keyField === undefined ? undefined : json();
  if (keyField === undefined || text === undefined) return '';
  const read = readRowKey(JSON.parse(text), keyField);
  return 'key' in read ? hashKey(job, read.key) : '';
}
