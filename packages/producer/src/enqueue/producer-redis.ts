import type { Redis, ScriptArg } from '@bullpen/shared/internal';
import type { RawRowsReply } from './insert-reply.js';

/**
 * What the script that shows a batch answers for one page of jobs. `next` is -1 at the end; `due`
 * is when the first of these rows is due, in ms since 1970, or an empty text.
 */
export type ShowPage = [
  next: number,
  rows: number,
  books?: string[],
  reasons?: string[],
  queued?: number,
  due?: string,
];

/** The script that inserts single jobs, as a method of a connection. */
export interface JobCommands {
  bullpenInsertJobs(...args: ScriptArg[]): Promise<string>;
}

/** A connection that knows this script. */
export type JobsRedis = Redis & JobCommands;

/** The scripts of the producer, as methods of a connection. `define-commands.ts` defines them. */
export interface ProducerCommands extends JobCommands {
  bullpenInsertRows(...args: ScriptArg[]): Promise<RawRowsReply>;
  bullpenCancel(...args: ScriptArg[]): Promise<'cancelled' | 'requested' | 'settled' | 'unknown' | 'appeared'>;
  bullpenOpenBatch(...args: ScriptArg[]): Promise<string[] | Record<string, string>>;
  bullpenNoteColumns(books: string, columns: string): Promise<null>;
  bullpenForgetBatch(...keysAndName: string[]): Promise<null>;
  bullpenListBatches(...args: ScriptArg[]): Promise<[read: number, ...namesAndBooks: (string | string[])[]]>;
  bullpenShowBatch(...args: ScriptArg[]): Promise<ShowPage>;
  bullpenBatchWait(...keysAndStart: string[]): Promise<[paused: number, worked: number, ahead: number]>;
  bullpenCancelBatch(
    ...args: ScriptArg[]
  ): Promise<[found: 'open' | 'cancelled' | 'settled' | 'unknown', takenOff: string]>;
  /** `0`, `1` or `2` for each row, in one text. */
  bullpenRepair(...args: ScriptArg[]): Promise<string>;
  /** Where the next window begins, or -1 at the end. */
  bullpenDropLost(...args: ScriptArg[]): Promise<number>;
  bullpenQueuedOpts(job: string, base: string, id: string): Promise<string | null>;
  bullpenPeek(...args: ScriptArg[]): Promise<[looked: number, ...idsAndPayloads: string[]]>;
  bullpenSweep(...args: ScriptArg[]): Promise<[next: number, jobs: number, takenOff: string]>;
}

/** A connection that knows the producer's scripts. */
export type ProducerRedis = Redis & ProducerCommands;
