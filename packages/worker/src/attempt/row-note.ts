import {
  type BullpenOpts,
  FATE,
  type FailureRecord,
  idForKey,
  readRowKey,
  type Thrown,
  writeFailure,
} from '@bullpen/shared/internal';
import type { Outcome } from './outcome.js';

/** The end of a row of a batch, as the books take it. */
export interface RowNote {
  readonly row: number;
  readonly fate: 'completed' | 'failed' | 'cancelled';
  /** Why it failed, in words that many rows share. */
  readonly reason: string;
  /**
   * The record of its failure; or what its handler returned, of a batch that keeps that. Empty when
   * there is nothing to keep.
   */
  readonly text: string;
  /** The hash of its key, which is free again; empty when it has none, or keeps it. */
  readonly key: string;
}

/** What {@link rowNote} needs beside the outcome. */
export interface RowEnd {
  readonly bullpen: BullpenOpts;
  readonly row: number;
  readonly job: string;
  /** As it was enqueued; asked for only when it is to be kept. */
  readonly payload: () => unknown;
  /** Which attempt it was, counted from 1, and how many there may be. */
  readonly attempt: number;
  readonly maxAttempts: number;
}

/**
 * The longest result that a batch keeps, as JSON. Of a longer one only its length is kept, behind a
 * `!`.
 */
const MAX_RESULT = 16 * 1024;

/** What there is to note of a row; `undefined` when it is not settled by this outcome. */
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

/** The note of a row whose success Redis would not record. */
export function failedRow(kind: FailureRecord['outcome'], error: Thrown, end: RowEnd): RowNote {
  const { name, message, stack } = error;
  // An expired or crashed job's handler was not called for the attempt at hand.
  const attempts = kind === 'expired' || kind === 'crashed' ? end.attempt - 1 : end.attempt;
  const { reason, text } = writeFailure({
    ...{ payload: end.payload(), outcome: kind, attempts, failedAt: Date.now() },
    error: { name, message, ...(stack === undefined ? {} : { stack }) },
  });
  return { row: end.row, fate: 'failed', reason, text, key: keyOf(end) };
}

/** A note as our scripts take it. */
export const rowNoteArgs = ({ row, fate, reason, text, key }: RowNote): (string | number)[] => [
  ...[row, FATE[fate], reason, text, key],
];

function resultText(result: unknown, { results }: BullpenOpts): string {
  if (results !== true) return '';
  const text = JSON.stringify(result) ?? 'null';
  return text.length > MAX_RESULT ? `!${text.length}` : text;
}

/** A row that failed or was cancelled may be sent again, mended, under its key. */
function keyOf({ bullpen: { keyField }, payload, job }: RowEnd): string {
  const read = keyField === undefined ? undefined : readRowKey(payload(), keyField);
  return read !== undefined && 'key' in read ? idForKey(job, read.key).slice(-22) : '';
}
