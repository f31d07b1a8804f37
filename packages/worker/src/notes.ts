import type { BullpenOpts } from '@bullpen/shared';
import type { Outcome } from './outcome.js';

/** What Bullpen itself writes about a job when an attempt ends, beside what BullMQ records. */
export interface Notes {
  /** The fate of a row of a batch. */
  readonly row?: { readonly batch: string; readonly row: number; readonly fate: 'completed' | 'failed' };
  /** What to set the attempts to before BullMQ counts this one, which is not to count. */
  readonly attemptsMade?: number;
  /** Starts a new crash budget, for when somebody retries the job by hand. */
  readonly forgetCrashes?: boolean;
  readonly forgetCancelled?: boolean;
}

/** What {@link notesOf} needs beside the outcome. */
export interface Noting {
  readonly bullpen: BullpenOpts;
  /** Which attempt it was, counted from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Whether somebody asked, while the attempt ran, that the job not be done. */
  readonly cancelAsked: boolean;
}

/** What there is to note for an outcome; `undefined` when nothing. Writing it twice is the same as writing it once. */
export function notesOf(outcome: Outcome, noting: Noting): Notes | undefined {
  const row = rowNote(outcome, noting);
  const notes = jobNotes(outcome, noting);
  return row === undefined ? notes : { ...notes, row };
}

/** The notes of an attempt whose success could not be recorded, and was recorded as a failure instead. */
export function failedNotes(notes: Notes | undefined): Notes | undefined {
  return notes?.row === undefined ? notes : { ...notes, row: { ...notes.row, fate: 'failed' } };
}

function rowNote(outcome: Outcome, { bullpen: { batch, row }, attempt, maxAttempts }: Noting): Notes['row'] {
  if (batch === undefined || row === undefined) return undefined;
  if (outcome.kind === 'snoozed' || outcome.kind === 'interrupted') return undefined;
  if (outcome.kind === 'failed' && attempt < maxAttempts) return undefined;
  return { batch, row, fate: outcome.kind === 'completed' ? 'completed' : 'failed' };
}

function jobNotes({ kind }: Outcome, { attempt, cancelAsked }: Noting): Notes | undefined {
  switch (kind) {
    // The handler was not called: BullMQ must not count an attempt.
    case 'expired':
      return { attemptsMade: attempt - 2 };
    case 'crashed':
      return { attemptsMade: attempt - 2, forgetCrashes: true };
    case 'cancelled':
      return { forgetCancelled: true };
    // Asked too late: the note must not outlive the job, it would cancel the next one with this key.
    case 'completed':
    case 'rejected':
      return cancelAsked ? { forgetCancelled: true } : undefined;
    default:
      return undefined;
  }
}
