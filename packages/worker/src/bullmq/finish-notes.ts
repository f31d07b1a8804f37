import type { Notes } from '../attempt/notes.js';
import { type RowNote, rowNoteArgs } from '../attempt/row-note.js';

/** Adds notes behind BullMQ's own arguments, as `FINISH` reads them. */
export function addNotes(args: (string | number | boolean | Buffer)[], notes: Notes): void {
  args.push(notes.attemptsMade ?? '', notes.forgetCrashes ? 'c' : '');
  if (notes.batch !== undefined) args.push(notes.batch);
  if (notes.row !== undefined) args.push(...shortened(notes.row));
}

/** The arguments for a row, without empty ones at their end. */
function shortened(note: RowNote): (string | number)[] {
  const args = rowNoteArgs(note);
  return note.text === '' && note.key === '' ? args.slice(0, 2) : args;
}
