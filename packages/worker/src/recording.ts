import { type Job, raw2NextJobData, type Worker } from 'bullmq';
import { attemptOf } from './attempt-of.js';
import { FINISH_ARGS, FINISH_KEYS } from './finish-script.js';
import { type RowNote, rowNoteArgs } from './row-note.js';

/** The parts of BullMQ's backend that record an end; most of them are private to it. */
interface RecordingBackend {
  readonly closing: unknown;
  moveToFinishedArgs(job: object, value: unknown, field: string, remove: unknown, ...rest: unknown[]): unknown[];
  moveToCompletedArgs(job: object, value: string, remove: unknown, token: string, fetchNext: boolean): unknown[];
  execCommand(client: unknown, name: string, args: unknown[]): Promise<unknown>;
  finishedErrors(refusal: { code: number; jobId: string; command: string; state: string }): Error;
}

/** What came back when an end was recorded: the next job's fields, its id, and how long to wait when there is none. */
export type Recorded = ReturnType<typeof raw2NextJobData> | undefined;

const WITHOUT_NOTES = FINISH_KEYS + FINISH_ARGS;

/** Records ends by BullMQ's own script, with the notes of Bullpen in the same call. */
export class Recording {
  readonly #backend: RecordingBackend;
  readonly #finish: (args: unknown[]) => Promise<unknown>;

  /** @param finish sends our FINISH script */
  constructor(backend: Worker['backend'], finish: (args: unknown[]) => Promise<unknown>) {
    this.#backend = backend as unknown as RecordingBackend;
    this.#finish = finish;
    this.#addNotes();
  }

  /**
   * What `job.moveToCompleted` does, in one promise instead of a dozen: it is done for every job, and with tracing of promises (which Node before 24 needs to tell whose error an error is)
   * each costs as much as the work itself.
   */
  async complete(job: Job, result: unknown, token: string, fetchNext: boolean): Promise<Recorded> {
    const backend = this.#backend;
    if (backend.closing) return undefined;
    // As BullMQ keeps it on the job: nothing for any value that is as good as none.
    job.returnvalue = result || undefined;
    const text = JSON.stringify(result) as string;
    const args = backend.moveToCompletedArgs(job, text, job.opts.removeOnComplete, token, fetchNext);
    const reply = await this.#finish(args);
    if (typeof reply === 'number' && reply < 0) {
      throw backend.finishedErrors({ code: reply, jobId: job.id ?? '', command: 'moveToFinished', state: 'active' });
    }
    job.finishedOn = args[FINISH_KEYS + 1] as number;
    job.attemptsMade += 1;
    return raw2NextJobData(reply as Parameters<typeof raw2NextJobData>[0]);
  }

  /** Sends the notes of an attempt along with what BullMQ itself records; a job without notes is recorded as ever. */
  #addNotes(): void {
    const backend = this.#backend;
    const argsOf = backend.moveToFinishedArgs.bind(backend);
    const exec = backend.execCommand.bind(backend);
    backend.moveToFinishedArgs = (job, value, field, remove, ...rest) => {
      const notes = attemptOf(job)?.notes;
      if (notes === undefined) return argsOf(job, value, field, remove, ...rest);
      // The books say what became of a row; its job goes.
      const args = argsOf(job, value, field, notes.batch === undefined ? remove : true, ...rest);
      args.push(notes.attemptsMade ?? '', (notes.forgetCrashes ? 'c' : '') + (notes.forgetCancelled ? 'x' : ''));
      if (notes.batch !== undefined) args.push(notes.batch);
      if (notes.row !== undefined) args.push(...shortened(notes.row));
      return args;
    };
    backend.execCommand = (client, name, args) =>
      name === 'moveToFinished' && args.length > WITHOUT_NOTES ? this.#finish(args) : exec(client, name, args);
  }
}

/** A note without its empty end. */
function shortened(note: RowNote): (string | number)[] {
  const args = rowNoteArgs(note);
  return note.text === '' && note.key === '' ? args.slice(0, 2) : args;
}
