import { WAKE_MARKER } from '@bullpen/shared/internal';
import {
  type FinishedStatus,
  type KeepJobs,
  type MinimalJob,
  type QueueBaseOptions,
  QueueKeys,
  RedisConnection,
  RedisQueueBackend,
  raw2NextJobData,
} from 'bullmq';
import type { Notes } from '../attempt/notes.js';
import { type RowNote, rowNoteArgs } from '../attempt/row-note.js';
import type { Leases } from '../in-flight/leases.js';
import type { FailedEnding, QueueStore, RecordOptions } from '../in-flight/queue-store.js';
import type { ScriptedRedis } from '../redis/commands.js';
import type { Outage } from '../redis/outage.js';
import type { BullmqJob } from './bullmq-job.js';
import type { CompletionCalls } from './completion-calls.js';
import { failureOf } from './failure.js';

/** What BullMQ answers to a fetch: a job's fields, its id, and how long to wait when there is none. */
export type NextJob = ReturnType<typeof raw2NextJobData>;

/** The options of BullMQ's worker that its backend reads. */
type BackendOptions = QueueBaseOptions & { readonly name?: string; readonly prefix?: string };

/** What a {@link Backend} needs beside BullMQ's options. */
export interface BackendDeps {
  readonly redis: ScriptedRedis;
  readonly completionCalls: Pick<CompletionCalls, 'add'>;
  readonly leases: Pick<Leases, 'renewQueue'>;
  readonly outage: Outage;
}

/**
 * A Redis that was away for longer than a lease comes back without locks. Workers that live take
 * theirs up again as soon as they notice, and they look every 2 s. Until then a job without a lock
 * is not yet a dead worker's.
 */
const COMEBACK_MS = 3_000;
/** The longest blocking read: shorter than a connection may leave a command unanswered. */
const MAX_BLOCK_S = 3;
/** BullMQ makes one more trip to Redis after a snooze, and the job must not be back by then. */
const MIN_SNOOZE_MS = 250;

/**
 * BullMQ's backend. It records an end and the notes of Bullpen in one call, and after an outage it
 * lets the living take up their leases before it looks for jobs of the dead.
 *
 * A success is recorded in one of two ways. *Inline* is BullMQ's script with our notes, in a call of
 * its own: it knows flows, schedulers, deduplication, limits and retention. *Several in a call*
 * (`completion-calls.ts`) is for rows of batches that have to do with none of these: a third of
 * Redis' work. A row that is written again goes inline, as Redis may refuse it, and would refuse the
 * others with it.
 */
export class Backend extends RedisQueueBackend implements QueueStore<BullmqJob, NextJob> {
  readonly #deps: BackendDeps;

  /** The backend of a worker's queue, on the worker's connection and a blocking one of its own. */
  static open(name: string, opts: BackendOptions, deps: BackendDeps): Backend {
    const main = new RedisConnection(deps.redis, { shared: true, blocking: false });
    const duplicate = deps.redis.duplicate({ connectionName: connectionName(name, opts) });
    return new Backend(main, new RedisConnection(duplicate, { shared: false, blocking: true }), name, opts, deps);
  }

  constructor(main: RedisConnection, blocking: RedisConnection, name: string, opts: BackendOptions, deps: BackendDeps) {
    const keys = new QueueKeys(opts.prefix);
    super(main, name, keys.getKeys(name), (type) => keys.toKey(name, type), opts, blocking);
    this.#deps = deps;
  }

  override get maximumBlockTimeout(): number {
    return MAX_BLOCK_S;
  }

  fetch(token: string): Promise<NextJob> {
    return this.moveToActive(token, (this.queue.opts as BackendOptions).name);
  }

  /**
   * Does what BullMQ's `job.moveToCompleted` does, in one promise instead of a dozen. It is done for
   * every job, and Node before 24 makes each promise as dear as the work itself while it tracks
   * whose error an error is.
   */
  async complete(job: BullmqJob, result: unknown, options: RecordOptions): Promise<NextJob | undefined> {
    if (this.closing) return undefined;
    // As BullMQ keeps it on the job: nothing for any value that is as good as none.
    job.returnvalue = result || undefined;
    const text = JSON.stringify(result) ?? 'null';
    const notes = job.attempt?.notes;
    const reply =
      options.isAgain || !isPlainRow(job, notes)
        ? await this.#completeInline(job, text, options.fetchNext)
        : await this.#completeTogether(job, text, options.fetchNext, notes);
    job.finishedOn = Date.now();
    job.attemptsMade += 1;
    return reply === undefined ? undefined : raw2NextJobData(reply as Parameters<typeof raw2NextJobData>[0]);
  }

  async fail(job: BullmqJob, ending: FailedEnding, fetchNext: boolean): Promise<NextJob | undefined> {
    const { retryInMs } = ending;
    if (this.closing) return undefined;
    job.opts.attempts = job.attempt?.maxAttempts ?? 1;
    // Our backoff knows a cap and BullMQ's does not: BullMQ gets the wait, for this retry alone.
    if (retryInMs !== undefined) job.opts.backoff = { type: 'fixed', delay: retryInMs };
    const traces = [...(job.stacktrace ?? [])];
    try {
      const next: unknown = await job.moveToFailed(failureOf(ending), job.token ?? '', fetchNext);
      return Array.isArray(next) ? (next as NextJob) : undefined;
    } catch (error) {
      // BullMQ adds the trace each time it is called, and it will be called again.
      job.stacktrace = traces;
      throw error;
    }
  }

  async handBack(job: BullmqJob): Promise<void> {
    await job.moveToWait(job.token);
    // BullMQ forgets to wake a worker that blocks on an empty queue, for a prioritized job.
    if (job.priority > 0) this.#deps.redis.zadd(this.toKey('marker'), ...WAKE_MARKER).catch(() => undefined);
  }

  async snooze(job: BullmqJob, untilAt: number): Promise<void> {
    await job.moveToDelayed(Math.max(untilAt, Date.now() + MIN_SNOOZE_MS), job.token);
  }

  override async moveStalledJobsToWait(): Promise<string[]> {
    const { outage, leases } = this.#deps;
    if (outage.overForMs < COMEBACK_MS) return [];
    leases.renewQueue(this.name);
    return super.moveStalledJobsToWait();
  }

  /** BullMQ's arguments, and behind them what Bullpen notes about the job. */
  protected override moveToFinishedArgs<Data = unknown, Result = unknown, Name extends string = string>(
    job: MinimalJob<Data, Result, Name>,
    value: unknown,
    field: 'returnvalue' | 'failedReason',
    remove: undefined | boolean | number | KeepJobs,
    target: FinishedStatus,
    token: string,
    timestamp: number,
    fetchNext?: boolean,
    fieldsToUpdate?: Record<string, unknown>,
  ): (string | number | boolean | Buffer)[] {
    const notes = (job as unknown as BullmqJob).attempt?.notes;
    // The books say what became of a row; its job goes.
    const removed = notes?.batch === undefined ? remove : true;
    const args = super.moveToFinishedArgs(
      ...([job, value, field, removed, target, token, timestamp, fetchNext, fieldsToUpdate] as const),
    );
    if (notes === undefined) return args;
    args.push(notes.attemptsMade ?? '', (notes.forgetCrashes ? 'c' : '') + (notes.forgetCancelled ? 'x' : ''));
    if (notes.batch !== undefined) args.push(notes.batch);
    if (notes.row !== undefined) args.push(...shortened(notes.row));
    return args;
  }

  /** Sends BullMQ's script and our notes in one call. */
  override async moveToFinished(jobId: string, args: (string | number | boolean | Buffer)[]): Promise<NextJob> {
    return raw2NextJobData((await this.#finish(jobId, args)) as Parameters<typeof raw2NextJobData>[0]);
  }

  /** BullMQ's script says as well when there is no next job, and for how long. */
  #completeInline(job: BullmqJob, text: string, fetchNext: boolean): Promise<unknown> {
    const { id = '', token = '', opts } = job;
    return this.#finish(id, this.moveToCompletedArgs(job, text, opts.removeOnComplete as KeepJobs, token, fetchNext));
  }

  /** Answers the next job, or nothing: then it is not known whether there is one. */
  async #completeTogether(job: BullmqJob, result: string, isNextWanted: boolean, { batch, row }: RowNotes) {
    const { id = '', token = '' } = job;
    const completion = { jobId: id, token, isNextWanted, result, batch, note: row };
    const [answer, next] = await this.#deps.completionCalls.add(completion);
    if (answer < 0) throw this.#refusal(answer, id);
    if (answer > 0) return this.#completeInline(job, result, isNextWanted);
    return next === null ? undefined : [...next, 0, 0];
  }

  async #finish(jobId: string, args: unknown[]): Promise<unknown> {
    const reply = await this.#deps.redis.bullpenFinish(args);
    if (typeof reply === 'number' && reply < 0) throw this.#refusal(reply, jobId);
    return reply;
  }

  #refusal(code: number, jobId: string): Error {
    return this.finishedErrors({ code, jobId, command: 'moveToFinished', state: 'active' });
  }
}

/** The name that BullMQ gives to a worker's blocking connection. Tools find workers by it. */
function connectionName(queue: string, { prefix, name }: { readonly prefix?: string; readonly name?: string }): string {
  return `${prefix}:${Buffer.from(queue).toString('base64')}${name === undefined ? '' : `:w:${name}`}`;
}

/** The notes of a success, where nothing but a row of a batch is concerned. */
type RowNotes = Notes & { readonly batch: string; readonly row: RowNote };

/** Whether all there is to record is a row of a batch, with a job that is nothing else besides. */
function isPlainRow(job: BullmqJob, notes: Notes | undefined): notes is RowNotes {
  if (notes?.batch === undefined || notes.row?.fate !== 'completed' || notes.forgetCancelled) return false;
  return job.parentKey === undefined && job.deduplicationId === undefined && job.repeatJobKey === undefined;
}

/** A note without its empty end. */
function shortened(note: RowNote): (string | number)[] {
  const args = rowNoteArgs(note);
  return note.text === '' && note.key === '' ? args.slice(0, 2) : args;
}
