import { describeThrown } from '@bullpen/shared';
import { type Job, type Span, UnrecoverableError, Worker, type WorkerOptions } from 'bullmq';
import type { ActiveAttempt } from './active-attempts.js';
import { attemptOf } from './attempt-of.js';
import { FINISH_ARGS, FINISH_KEYS } from './finish-script.js';
import { notesOf } from './notes.js';
import type { Outage } from './outage.js';
import { pause } from './pause.js';
import type { Recorder } from './recorder.js';
import { rowNoteArgs } from './row-note.js';

/** What BullMQ's worker is made to do differently. */
export interface EngineHooks {
  readonly outage: Outage;
  readonly recorder: Recorder;
  /** Sends BullMQ's moveToFinished together with notes of ours. */
  readonly finish: (args: unknown[]) => Promise<unknown>;
  /** BullMQ is through with a job: recorded, or given up. */
  readonly processed: (attempt: ActiveAttempt) => void;
  /** Redis answered a fetch, with a job or without. The job is ours from here on, however long BullMQ takes to begin it. */
  readonly fetched: (job: Job | undefined) => void;
  /** Is called before jobs without a lock are looked for. */
  readonly beforeStallCheck: () => void;
  /** Finds the job that Redis gave us under this token in a reply that BullMQ could not read, and makes it readable. Answers with its id. */
  readonly makeReadable: (token: string) => Promise<string | undefined>;
}

/** How long a fetch that failed waits before the next, whatever the reason. BullMQ would ask again at once, for ever. */
const FAILED_FETCH_PAUSE_MS = 500;
/** How BullMQ begins to say that it could not enqueue the next run of a job scheduler. */
const SCHEDULING = 'Failed to add repeatable job for next iteration: ';
/** The longest one blocking read takes: less than a connection may leave a command unanswered. */
const LONGEST_BLOCK_S = 3;

/**
 * A Redis that was away for longer than a lease comes back without locks. Workers that live take theirs up again, as soon as they have noticed (they look every 2 s); until then a job
 * without a lock is not yet a dead worker's.
 */
const COMEBACK_MS = 3_000;

/**
 * BullMQ's Worker, with seven things changed: an end is recorded through an outage and is never turned into a failure by one; an attempt begins when its job is fetched, and is told
 * when BullMQ is through with it; a job that BullMQ cannot read is an attempt like any other; a fetch that is refused waits; blocking reads are short enough for a dead connection to be
 * noticed; and after an outage the living come back before the dead are looked for.
 */
export class Engine extends Worker {
  readonly #hooks: EngineHooks;
  /** Why the next run of a job scheduler could not be enqueued. BullMQ tells it only to who listens. */
  #schedulingFault: Error | undefined;

  constructor(
    queue: string,
    processor: (job: Job, token?: string) => Promise<unknown>,
    options: WorkerOptions,
    hooks: EngineHooks,
  ) {
    super(queue, processor, { ...options, autorun: false, drainDelay: LONGEST_BLOCK_S, skipLockRenewal: true });
    this.#hooks = hooks;
    this.on('error', ({ message }) => {
      if (message.startsWith(SCHEDULING)) this.#schedulingFault = new Error(message.slice(SCHEDULING.length));
    });
    const { backend } = this;
    writeNotesWithEnds(backend, hooks.finish);
    const findStalled = backend.moveStalledJobsToWait.bind(backend);
    backend.moveStalledJobsToWait = async () => {
      if (hooks.outage.overForMs < COMEBACK_MS) return [];
      hooks.beforeStallCheck();
      return findStalled();
    };
  }

  override get maximumBlockTimeout(): number {
    return LONGEST_BLOCK_S;
  }

  override async processJob(...[job, token, fetchNext]: Parameters<Worker['processJob']>) {
    try {
      return await super.processJob(job, token, fetchNext);
    } finally {
      const attempt = attemptOf(job);
      if (attempt !== undefined) this.#hooks.processed(attempt);
    }
  }

  protected override async moveToActive(token: string, name?: string): Promise<Job> {
    const { outage, fetched } = this.#hooks;
    let job: Job;
    try {
      job = await super.moveToActive(token, name);
    } catch (error) {
      job = await this.#readable(token, error).catch(async () => {
        outage.isOne(error);
        await pause(FAILED_FETCH_PAUSE_MS);
        throw error;
      });
    }
    if (job === undefined) outage.acceptedSmall();
    else outage.accepted();
    fetched(job);
    return job;
  }

  protected override async nextJobFromJobData(...[fields, jobId, token]: Parameters<Worker['nextJobFromJobData']>) {
    for (;;) {
      this.#schedulingFault = undefined;
      const job = await super.nextJobFromJobData(fields, jobId, token);
      if (job !== undefined || !fields) return job;
      // BullMQ could not enqueue the next run of a job scheduler, has said so, and drops the job at hand, which is active. If Redis only cannot now, the schedule would end with it.
      if (this.closing === undefined && this.#hooks.outage.isOne(this.#schedulingFault))
        await pause(FAILED_FETCH_PAUSE_MS);
      else return Object.assign(this.createJob(fields, jobId ?? ''), { token });
    }
  }

  // Spelled out, without rest parameters and closures: what is allocated here is allocated for every job.
  protected override async handleCompleted(
    result: unknown,
    job: Job,
    token: string,
    fetchNext?: () => boolean,
    span?: Span,
  ): Promise<Job> {
    const attempt = attemptOf(job);
    try {
      return this.#recorded(attempt, await super.handleCompleted(result, job, token, fetchNext, span));
    } catch (error) {
      const write = () => super.handleCompleted(result, job, token, fetchNext, span);
      const traces = [...(job.stacktrace ?? [])];
      // What Redis will never take (a flow's children are still pending, the result cannot be stored) must not be done again and again: it has failed, and says why.
      return this.#recordAgain(attempt, token, error, write, async (refusal) => {
        const failure = new UnrecoverableError(`the handler succeeded, but Redis refused to record it: ${refusal}`);
        if (attempt !== undefined) {
          attempt.outcome = 'failed';
          const last = attempt.noting && { ...attempt.noting, maxAttempts: 0 };
          attempt.notes = last && notesOf({ kind: 'failed', error: describeThrown(failure) }, last);
        }
        job.stacktrace = [...traces];
        return super.handleFailed(failure, job, token, fetchNext, span);
      });
    }
  }

  protected override async handleFailed(
    failure: Error,
    job: Job,
    token: string,
    fetchNext?: () => boolean,
    span?: Span,
  ): Promise<Job> {
    // The job is elsewhere by now; all that is left is to fetch the next.
    if (failure.name === 'WaitingError' || failure.name === 'DelayedError') {
      return super.handleFailed(failure, job, token, fetchNext, span);
    }
    const attempt = attemptOf(job);
    // A job that BullMQ fails by itself, without asking us.
    if (attempt !== undefined) attempt.outcome ??= 'failed';
    const traces = [...(job.stacktrace ?? [])];
    try {
      return this.#recorded(attempt, await super.handleFailed(failure, job, token, fetchNext, span));
    } catch (error) {
      return this.#recordAgain(attempt, token, error, () => {
        // BullMQ adds the failure's trace each time it is called.
        job.stacktrace = [...traces];
        return super.handleFailed(failure, job, token, fetchNext, span);
      });
    }
  }

  #recorded(attempt: ActiveAttempt | undefined, next: Job): Job {
    if (attempt !== undefined) {
      attempt.confirmed = true;
      this.#hooks.outage.accepted();
    }
    // BullMQ's types forget that there may be no next job.
    if (next !== undefined) this.#hooks.fetched(next);
    return next;
  }

  async #recordAgain(
    attempt: ActiveAttempt | undefined,
    token: string,
    refusal: unknown,
    write: () => Promise<Job>,
    instead?: (refusal: string) => Promise<Job>,
  ): Promise<Job> {
    if (attempt === undefined) throw refusal;
    const { recorder } = this.#hooks;
    const readably = (writing: () => Promise<Job>) => writing().catch((error) => this.#readable(token, error, attempt));
    let isFirst = true;
    const writeAgain = async () => {
      // It was written once, and this is how it was answered.
      const isAnswered = isFirst;
      isFirst = false;
      if (isAnswered) throw refusal;
      return write();
    };
    const next = await recorder.record(
      attempt,
      () => readably(writeAgain),
      instead && ((reason) => readably(() => instead(reason))),
    );
    return this.#recorded(undefined, next as Job);
  }

  /**
   * The job of a reply that BullMQ could not read: what it throws then says nothing of whether Redis carried the command out. It did if there is a job of ours under the token, and
   * another one than the attempt whose end it was.
   * @throws error when there is none
   */
  async #readable(token: string, error: unknown, ended?: ActiveAttempt): Promise<Job> {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    const jobId = await this.#hooks.makeReadable(token);
    const job = jobId === undefined ? undefined : await this.Job.fromId(this, jobId);
    if (job === undefined || (job.id === ended?.jobId && job.attemptsStarted === ended?.lease.fetches)) throw error;
    job.token = token;
    return job;
  }
}

/** The parts of BullMQ's backend that record an end; the second is private to it. */
interface RecordingBackend {
  moveToFinishedArgs(job: object, value: unknown, field: string, remove: unknown, ...rest: unknown[]): unknown[];
  execCommand(client: unknown, name: string, args: unknown[]): Promise<unknown>;
}

const WITHOUT_NOTES = FINISH_KEYS + FINISH_ARGS;

/** Makes the backend of a worker send the notes of an attempt in the very call that records its end. A job without notes is recorded as ever. */
function writeNotesWithEnds(backend: Worker['backend'], finish: EngineHooks['finish']): void {
  const recording = backend as unknown as RecordingBackend;
  const argsOf = recording.moveToFinishedArgs.bind(recording);
  const exec = recording.execCommand.bind(recording);
  recording.moveToFinishedArgs = (job, value, field, remove, ...rest) => {
    const notes = attemptOf(job)?.notes;
    if (notes === undefined) return argsOf(job, value, field, remove, ...rest);
    // The books say what became of a row; its job goes.
    const args = argsOf(job, value, field, notes.batch === undefined ? remove : true, ...rest);
    args.push(notes.attemptsMade ?? '', notes.forgetCrashes ? '1' : '', notes.forgetCancelled ? '1' : '');
    if (notes.batch !== undefined) args.push(notes.batch);
    if (notes.row !== undefined) args.push(...rowNoteArgs(notes.row));
    return args;
  };
  recording.execCommand = (client, name, args) =>
    name === 'moveToFinished' && args.length > WITHOUT_NOTES ? finish(args) : exec(client, name, args);
}
