import { rowOfId } from '@bullpen/shared/internal';
import type { Outcome } from './outcome.js';
import { type RowEnd, type RowNote, rowNote } from './row-note.js';

/** What Bullpen itself writes about a job when its end is recorded, in the same call. */
export interface Notes {
  /** What the attempts are to be set to, when this one is not to count. */
  readonly attemptsMade?: number;
  /** Starts a new crash budget, for when somebody retries the job by hand. */
  readonly forgetCrashes?: boolean;
  readonly forgetCancelled?: boolean;
  /** The batch it belongs to: its books say what became of it, and the job itself goes. */
  readonly batch?: string;
  /** The end of its row; none of a job that several rows shared. */
  readonly row?: RowNote;
}

/** What {@link notesOf} needs beside the outcome. */
export interface NoteInput extends Omit<RowEnd, 'row'> {
  readonly jobId: string;
  /** Whether somebody asked, while the attempt ran, that the job not be done. */
  readonly cancelAsked: boolean;
}

/**
 * What there is to note for an outcome; `undefined` when nothing. Writing it twice is the same as
 * writing it once.
 */
export function notesOf(outcome: Outcome, input: NoteInput): Notes | undefined {
  const { batch } = input.bullpen;
  const row = batch === undefined ? undefined : rowOfId(batch, input.jobId);
  const notes = jobNotes(outcome, input);
  if (batch === undefined || row === undefined) return notes;
  const note = rowNote(outcome, { ...input, row });
  return note === undefined ? notes : { ...notes, batch, row: note };
}

function jobNotes({ kind }: Outcome, { attempt, cancelAsked }: NoteInput): Notes | undefined {
  switch (kind) {
    // The handler was not called: the attempt does not count.
    case 'expired':
      return { attemptsMade: attempt - 1 };
    case 'crashed':
      return { attemptsMade: attempt - 1, forgetCrashes: true };
    case 'cancelled':
      return { forgetCancelled: true };
    // Asked too late: the note must not outlive the job, it would cancel the next one with this
    // key.
    case 'completed':
    case 'rejected':
      return cancelAsked ? { forgetCancelled: true } : undefined;
    default:
      return undefined;
  }
}
