import { describeThrown, lacksPermission, type RedisClock, WAKE_MARKER } from '@bullpen/shared/internal';
import type { JobJson, WorkerListener } from 'bullmq';
import type { Notes } from '../attempt/notes.js';
import type { Ending } from '../in-flight/active-attempt.js';
import type { FetchedJob } from '../in-flight/fetched-job.js';
import type { JobTaker } from '../in-flight/job-source.js';
import type { Recorder } from '../in-flight/recorder.js';
import type { ScriptedRedis } from '../redis/commands.js';
import type { Outage } from '../redis/outage.js';
import { pause } from '../redis/pause.js';
import type { Backend } from './backend.js';
import type { BullmqJob } from './bullmq-job.js';
import { bullmq } from './engine.js';
import {
  type FetchedBy,
  fieldsAfterFetch,
  type HeldJob,
  isPlain,
  isWellFormed,
  type JobFields,
  toFetchedJob,
} from './held-job.js';
import type { Brought, LoopQueue } from './main-loop.js';
import type { MalformedJobs } from './malformed-jobs.js';
import { recordEnding } from './record-ending.js';
import { END, type PlainEnd, type RawJob, type TurnCalls } from './turn-calls.js';

/** What a {@link TurningQueue} needs of BullMQ's worker. */
export interface EngineWorker {
  readonly id: string;
  readonly name: string;
  readonly opts: { readonly name?: string };
  readonly closing: Promise<void> | undefined;
  readonly backend: Backend;
  listenerCount(event: keyof WorkerListener): number;
  emit<Event extends keyof WorkerListener>(event: Event, ...args: Parameters<WorkerListener[Event]>): boolean;
  /** BullMQ's object for a job, from its fields. */
  jobOf(json: JobJson, jobId: string): BullmqJob;
  /**
   * Enqueues the next run of a job scheduler, as this one begins.
   * @returns why BullMQ could not; `undefined` when it could
   */
  scheduleNext(json: JobJson, jobId: string, token: string): Promise<Error | undefined>;
}

/** What a {@link TurningQueue} needs beside. */
export interface TurningQueueDeps {
  readonly redis: ScriptedRedis;
  readonly clock: Pick<RedisClock, 'at' | 'sync'>;
  readonly taker: JobTaker;
  readonly recorder: Recorder;
  readonly outage: Outage;
  readonly turns: Pick<TurnCalls, 'send'>;
  readonly malformedJobs: Pick<MalformedJobs, 'repaired'>;
}

/** How long it waits after BullMQ could not enqueue the next run of a job scheduler. */
const SCHEDULING_PAUSE_MS = 500;

/**
 * One queue of BullMQ's, as our main loop needs it. A `Job` of BullMQ's is made only for a listener,
 * and for an end that BullMQ's own script records.
 */
export class TurningQueue implements LoopQueue {
  readonly #worker: EngineWorker;
  readonly #deps: TurningQueueDeps;
  /** How many turns it has sent; makes their tokens. */
  #turns = 0;

  constructor(worker: EngineWorker, deps: TurningQueueDeps) {
    this.#worker = worker;
    this.#deps = deps;
  }

  async turn(ends: readonly PlainEnd[], free: number, ahead: number): Promise<Brought> {
    this.#turns += 1;
    const { turns, clock } = this.#deps;
    const { id, name: queue, opts } = this.#worker;
    const token = `${id}:${this.#turns}`;
    const { answers, jobs, strangers, fetchedAt, limitedMs, dueAt } = await turns.send({ ends, token, free, ahead });
    for (const stranger of strangers)
      this.onError(new Error(`'${stranger}' was taken off queue '${queue}': its key holds no job`));
    const by = { queue, token, worker: opts.name ?? '', fetchedAt };
    const dueInMs = dueAt === 0 ? Number.POSITIVE_INFINITY : dueAt - clock.at();
    return { answers, jobs: jobs.map((job) => this.#hold(job, by)), limitedMs, dueInMs };
  }

  attempt(held: HeldJob): Ending | undefined | Promise<Ending | undefined> {
    const { attempt, fields } = held;
    const failure = fields['defa'];
    // BullMQ has already decided that the job fails, as for the parent of a failed child.
    if (failure !== undefined && !attempt.cancelled)
      return attempt.failForGood(describeThrown(new bullmq.UnrecoverableError(failure)));
    return this.#deps.taker.attempt(attempt);
  }

  plainEnd(held: HeldJob, { outcome, notes }: Ending): PlainEnd | undefined {
    if (outcome.kind !== 'completed' || !isPlain(held)) return undefined;
    const { attempt } = held;
    const kind = kindOf(attempt.fetched.attemptsMade, notes);
    try {
      const result = JSON.stringify(outcome.result) ?? 'null';
      return { jobId: attempt.jobId, token: attempt.lease.token, result, kind };
    } catch {
      // Its own call says why.
      return undefined;
    }
  }

  async record(held: HeldJob, ending: Ending, failed?: Error): Promise<void> {
    const { recorder, outage } = this.#deps;
    const { attempt } = held;
    // A missing permission is noted now: when the recorder sends again, it may be there again.
    let isFirst = failed !== undefined && !(lacksPermission(failed) && outage.noteIfOutage(failed));
    const send = (): Promise<void> => {
      if (!isFirst) return recordEnding(this.#worker.backend, held, ending);
      isFirst = false;
      return Promise.reject(failed);
    };
    // Redis will never record some successes: children of a flow are still pending, or the result
    // cannot be stored. Such a job must not be attempted again and again, so it has failed and says
    // why.
    const failInstead = (refusal: string): Promise<void> => {
      const failure = new bullmq.UnrecoverableError(
        `the handler succeeded, but Redis refused to record it: ${refusal}`,
      );
      return recordEnding(this.#worker.backend, held, attempt.failForGood(describeThrown(failure)));
    };
    try {
      await recorder.record(attempt, send, ending.outcome.kind === 'completed' ? failInstead : undefined);
      if (attempt.confirmed) this.#tellEnd(held, ending);
    } catch (error) {
      this.#worker.emit('error', error as Error);
    }
  }

  endRefused(code: number, jobId: string): Error {
    return this.#worker.backend.endRefused(code, jobId);
  }

  async waitForJob(ms: number): Promise<number> {
    const { backend } = this.#worker;
    const { clock, taker } = this.#deps;
    if (ms < 1) return 0;
    const dueAt = performance.now() + ms;
    try {
      const marker = await backend.waitForJob(Math.max(ms / 1000, backend.minimumBlockTimeout));
      // The score says when the first delayed job is due; 0 means now.
      if (marker !== null) return marker.score === 0 ? 0 : marker.score - clock.at();
      if (performance.now() >= dueAt || !(await backend.isEmpty())) return 0;
      taker.fetchAnswered();
      return Number.POSITIVE_INFINITY;
    } catch (error) {
      if (this.#worker.closing === undefined) this.#worker.emit('error', error as Error);
      return 0;
    }
  }

  wakeAnother(): void {
    const { redis } = this.#deps;
    redis.zadd(this.#worker.backend.toKey('marker'), ...WAKE_MARKER).catch(() => undefined);
  }

  completed(held: HeldJob, ending: Ending): void {
    this.#tellEnd(held, ending);
  }

  drained(): void {
    if (this.#worker.listenerCount('drained') > 0) this.#worker.emit('drained');
  }

  onError(error: Error): void {
    this.#worker.emit('error', error);
  }

  #tellEnd(held: HeldJob, { outcome }: Ending): void {
    if (outcome.kind === 'completed') {
      if (this.#worker.listenerCount('completed') > 0)
        this.#worker.emit('completed', held.bullmqJob(), outcome.result, 'active');
    } else if ('error' in outcome && outcome.kind !== 'snoozed' && this.#worker.listenerCount('failed') > 0) {
      this.#worker.emit('failed', held.bullmqJob(), new Error(outcome.error.message), 'active');
    }
  }

  /** Takes a job that a turn brought. */
  #hold([id, pairs]: RawJob, by: FetchedBy): HeldJob | Promise<HeldJob> {
    const [job, fields] = this.#read(id, fieldsAfterFetch(pairs, by), by);
    let bullmqJob: BullmqJob | undefined;
    const held: HeldJob = {
      attempt: this.#deps.taker.take(job),
      fields,
      since: performance.now(),
      bullmqJob: () => {
        bullmqJob ??= this.#bullmqJob(held);
        return bullmqJob;
      },
    };
    if (fields['rjk'] !== undefined) return this.#scheduleNext(held);
    if (this.#worker.listenerCount('active') > 0) this.#worker.emit('active', held.bullmqJob(), 'waiting');
    return held;
  }

  /** Our job of the fields of a fetched one, and those fields, repaired if they are malformed. */
  #read(id: string, stored: JobFields, by: FetchedBy): [FetchedJob, JobFields] {
    try {
      const job = toFetchedJob(id, stored, by);
      if (isWellFormed(job, stored)) return [job, stored];
    } catch {
      // Some field is not JSON.
    }
    const fields = this.#deps.malformedJobs.repaired(id, by.token, stored);
    return [toFetchedJob(id, fields, by), fields];
  }

  #bullmqJob(held: HeldJob): BullmqJob {
    const { attempt } = held;
    const job = this.#worker.jobOf(jsonOf(held), attempt.jobId);
    return Object.assign(job, { token: attempt.lease.token, attempt });
  }

  /** Enqueues the next run of a job scheduler, as this one begins. */
  async #scheduleNext(held: HeldJob): Promise<HeldJob> {
    const { attempt } = held;
    const json = jsonOf(held);
    for (;;) {
      const fault = await this.#worker
        .scheduleNext(json, attempt.jobId, attempt.lease.token)
        .catch((error: Error) => error);
      // If Redis is only away for now, we try again. Otherwise the schedule would end here.
      if (fault === undefined || this.#worker.closing !== undefined) return held;
      if (!this.#deps.outage.noteIfOutage(fault)) return held;
      await pause(SCHEDULING_PAUSE_MS);
    }
  }
}

/** The fields of a job as BullMQ reads them. */
function jsonOf({ attempt, fields }: HeldJob): JobJson {
  const pairs = Object.entries(fields).flat() as string[];
  return bullmq.raw2NextJobData([pairs, attempt.jobId, 0, 0])[0] as JobJson;
}

function kindOf(attemptsMade: number, notes: Notes | undefined): PlainEnd['kind'] {
  if (notes?.batch === undefined) return END.job(attemptsMade + 1);
  return notes.row === undefined ? END.rows(notes.batch) : END.row(notes.batch, notes.row);
}
