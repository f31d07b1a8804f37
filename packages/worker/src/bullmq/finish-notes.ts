import type { Notes } from '../attempt/notes.js';
import { type RowNote, rowNoteArgs } from '../attempt/row-note.js';
import type { BullmqJob } from './bullmq-job.js';

/** The notes of a success that concerns a row of a batch and nothing else. */
export type RowNotes = Notes & { readonly batch: string; readonly row: RowNote };

/** Adds notes behind BullMQ's own arguments, as `FINISH` reads them. */
export function addNotes(args: (string | number | boolean | Buffer)[], notes: Notes): void {
  args.push(notes.attemptsMade ?? '', notes.forgetCrashes ? 'c' : '');
  if (notes.batch !== undefined) args.push(notes.batch);
  if (notes.row !== undefined) args.push(...shortened(notes.row));
}

/** Whether a success concerns a row of a batch and nothing else that BullMQ or we would have to do. */
export function isPlainRow(job: BullmqJob, notes: Notes | undefined): notes is RowNotes {
  if (notes?.batch === undefined || notes.row?.fate !== 'completed') return false;
  return job.parentKey === undefined && job.deduplicationId === undefined && job.repeatJobKey === undefined;
}

/** The arguments for a row, without empty ones at their end. */
function shortened(note: RowNote): (string | number)[] {
  const args = rowNoteArgs(note);
  return note.text === '' && note.key === '' ? args.slice(0, 2) : args;
}
