import { type Job, raw2NextJobData, type Worker } from 'bullmq';
import type { Notes } from '../attempt/notes.js';
import { type RowNote, rowNoteArgs } from '../attempt/row-note.js';
import type { CompletionCalls } from './completion-calls.js';
import { attemptOf } from './fetched-job.js';
import { FINISH_ARGS, FINISH_KEYS } from './finish-script.js';

/** The parts of BullMQ's backend that record an end; most of them are private to it. */
interface RecordingBackend {
  readonly closing: unknown;
  moveToFinishedArgs(job: object, value: unknown, field: string, remove: unknown, ...rest: unknown[]): unknown[];
  moveToCompletedArgs(job: object, value: string, remove: unknown, token: string, fetchNext: boolean): unknown[];
  execCommand(client: unknown, name: string, args: unknown[]): Promise<unknown>;
  finishedErrors(refusal: { code: number; jobId: string; command: string; state: string }): Error;
}

/**
 * What came back when an end was recorded: the next job's fields, its id, and how long to wait when
 * there is none.
 */
export type Recorded = ReturnType<typeof raw2NextJobData> | undefined;

const WITHOUT_NOTES = FINISH_KEYS + FINISH_ARGS;

/** Records ends by BullMQ's own script, with the notes of Bullpen in the same call. */
export class Recording {
  readonly #backend: RecordingBackend;
  readonly #finish: (args: unknown[]) => Promise<unknown>;
  readonly #completions: Pick<CompletionCalls, 'add'>;

  /** @param finish sends our FINISH script */
  constructor(
    backend: Worker['backend'],
    finish: (args: unknown[]) => Promise<unknown>,
    completions: Pick<CompletionCalls, 'add'>,
  ) {
    this.#backend = backend as unknown as RecordingBackend;
    this.#finish = finish;
    this.#completions = completions;
    this.#addNotes();
  }

  /**
   * What `job.moveToCompleted` does, in one promise instead of a dozen: it is done for every job,
   * and with tracing of promises (which Node before 24 needs to tell whose error an error is) each
   * costs as much as the work itself.
   */
  async complete(job: Job, result: unknown, token: string, fetchNext: boolean, isAgain: boolean): Promise<Recorded> {
    if (this.#backend.closing) return undefined;
    // As BullMQ keeps it on the job: nothing for any value that is as good as none.
    job.returnvalue = result || undefined;
    const text = JSON.stringify(result) ?? 'null';
    const notes = attemptOf(job)?.notes;
    // What failed in company is said again by itself: one that Redis refuses must not have the
    // others refused with it.
    const reply =
      isAgain || !isPlain(job, notes)
        ? await this.#completeAlone(job, text, token, fetchNext)
        : await this.#completeRow(job, text, token, fetchNext, notes);
    job.finishedOn = Date.now();
    job.attemptsMade += 1;
    return reply === undefined ? undefined : raw2NextJobData(reply as Parameters<typeof raw2NextJobData>[0]);
  }

  /** What BullMQ's script answers; it says as well when there is no next job, and for how long. */
  async #completeAlone(job: Job, text: string, token: string, fetchNext: boolean): Promise<unknown> {
    const args = this.#backend.moveToCompletedArgs(job, text, job.opts.removeOnComplete, token, fetchNext);
    const reply = await this.#finish(args);
    if (typeof reply === 'number' && reply < 0) throw this.#refusal(reply, job);
    return reply;
  }

  /**
   * The next job as BullMQ's script answers it, or nothing: then it is not known whether there is
   * one.
   */
  async #completeRow(job: Job, result: string, token: string, isNextWanted: boolean, notes: RowNotes) {
    const { batch, row } = notes;
    const completion = { jobId: job.id as string, token, isNextWanted, result, batch, note: row };
    const [answer, next] = await this.#completions.add(completion);
    if (answer < 0) throw this.#refusal(answer, job);
    if (answer > 0) return this.#completeAlone(job, result, token, isNextWanted);
    return next === null ? undefined : [...next, 0, 0];
  }

  #refusal(code: number, { id = '' }: Job): Error {
    return this.#backend.finishedErrors({ code, jobId: id, command: 'moveToFinished', state: 'active' });
  }

  /**
   * Sends the notes of an attempt along with what BullMQ itself records; a job without notes is
   * recorded as ever.
   */
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

/** The notes of a success, where nothing but a row of a batch is concerned. */
type RowNotes = Notes & { readonly batch: string; readonly row: RowNote };

/** Whether all there is to record is a row of a batch, with a job that is nothing else besides. */
function isPlain(job: Job, notes: Notes | undefined): notes is RowNotes {
  if (notes?.batch === undefined || notes.row?.fate !== 'completed' || notes.forgetCancelled) return false;
  return job.parentKey === undefined && job.deduplicationId === undefined && job.repeatJobKey === undefined;
}

/** A note without its empty end. */
function shortened(note: RowNote): (string | number)[] {
  const args = rowNoteArgs(note);
  return note.text === '' && note.key === '' ? args.slice(0, 2) : args;
}
