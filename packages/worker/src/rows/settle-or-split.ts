import { backoffDelayMs } from '@bullpen/shared/internal';
import type { Outcome } from '../attempt/outcome.js';
import { type RowNote, rowNote } from '../attempt/row-note.js';
import type { AnyHandler } from '../handlers/handler.js';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { OpenRow } from './row-attempt.js';
import type { SplitRow } from './row-jobs.js';
import { type RowJobStart, splitRow } from './split-row.js';

/** A row of a shared job whose attempt ended. */
export interface EndedRow {
  readonly row: OpenRow;
  readonly outcome: Outcome;
}

/**
 * Decides what becomes of rows whose attempts ended. A row that is settled goes to the books. A row
 * that failed with attempts left, or snoozes, gets a job of its own.
 * @param jsonOf reads a row's payload as it was enqueued, as JSON
 */
export function settleOrSplit(
  ended: readonly EndedRow[],
  attempt: ActiveAttempt,
  handler: AnyHandler | undefined,
  jsonOf: (row: OpenRow) => string | undefined,
): { readonly notes: RowNote[]; readonly splits: SplitRow[] | undefined } {
  const { bullpen, job, maxAttempts } = attempt;
  const notes: RowNote[] = [];
  // Most rows need no job of their own, and this runs for every row: no array for nothing.
  let splits: SplitRow[] | undefined;
  for (const { row, outcome } of ended) {
    const json = (): string | undefined => jsonOf(row);
    const note = rowNote(outcome, { bullpen, row: row.row, job, json, attempt: 1, maxAttempts });
    if (note !== undefined) notes.push(note);
    else if (outcome.kind === 'snoozed' || outcome.kind === 'failed') {
      splits ??= [];
      splits.push(splitRow(attempt, { row: row.row, json: json() }, startAfter(outcome, handler)));
    }
  }
  return { notes, splits };
}

function startAfter(outcome: Outcome & { kind: 'snoozed' | 'failed' }, handler: AnyHandler | undefined): RowJobStart {
  if (outcome.kind === 'snoozed') return { due: outcome.due, attemptsMade: 0, crashes: 0 };
  const inMs = handler === undefined ? 0 : backoffDelayMs(handler.job.backoff, 1, Math.random());
  return { due: { inMs }, attemptsMade: 1, crashes: 0, error: outcome.error };
}
