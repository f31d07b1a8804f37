import { rowOfId } from '@bullpen/shared/internal';
import type { Outcome } from './outcome.js';
import { type RowEnd, type RowNote, rowNote } from './row-note.js';

/** What Bullpen itself writes about a job when its end is recorded, in the same call. */
export interface Notes {
  /** The number of attempts to store, when this attempt must not count. */
  readonly attemptsMade?: number;
  /**
   * Resets the crashes, so that the job has a new crash budget when somebody retries it by hand.
   */
  readonly forgetCrashes?: boolean;
  /**
   * The batch that the job belongs to. Its books keep what became of the job, and the job is
   * removed.
   */
  readonly batch?: string;
  /** The end of its row. Absent for a shared job. */
  readonly row?: RowNote;
}

/** What {@link notesOf} reads beside the outcome. */
export interface EndedAttempt extends Omit<RowEnd, 'row'> {
  readonly jobId: string;
}

/**
 * What to note for an outcome; `undefined` when there is nothing. Writing the notes twice is the
 * same as writing them once.
 */
export function notesOf(outcome: Outcome, ended: EndedAttempt): Notes | undefined {
  const { batch } = ended.bullpen;
  const row = batch === undefined ? undefined : rowOfId(batch, ended.jobId);
  const notes = jobNotes(outcome, ended);
  if (batch === undefined || row === undefined) return notes;
  const note = rowNote(outcome, { ...ended, row });
  return note === undefined ? notes : { ...notes, batch, row: note };
}

function jobNotes({ kind }: Outcome, { attempt }: EndedAttempt): Notes | undefined {
  switch (kind) {
    // The handler was not called, so the attempt does not count.
    case 'expired':
      return { attemptsMade: attempt - 1 };
    case 'crashed':
      return { attemptsMade: attempt - 1, forgetCrashes: true };
    default:
      return undefined;
  }
}
