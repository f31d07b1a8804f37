import { describeThrown } from '@bullpen/shared/internal';
import { type Job, type Span, UnrecoverableError, Worker, type WorkerOptions } from 'bullmq';
import { notesOf } from '../attempt/notes.js';
import type { ActiveAttempt } from '../in-flight/active-attempts.js';
import type { Recorder } from '../in-flight/recorder.js';
import type { Outage } from '../redis/outage.js';
import { pause } from '../redis/pause.js';
import { Recording } from './backend.js';
import type { CompletionCalls } from './completion-calls.js';
import { attemptOf, forgetAttempt, setStored } from './fetched-job.js';

/** What BullMQ's worker is made to do differently. */
export interface EngineHooks {
  readonly outage: Outage;
  readonly recorder: Recorder;
  /** Sends BullMQ's moveToFinished together with notes of ours. */
  readonly finish: (args: unknown[]) => Promise<unknown>;
  /** Records the success of rows. */
  readonly completions: CompletionCalls;
  /** BullMQ is through with a job: recorded, or given up. */
  readonly processed: (attempt: ActiveAttempt) => void;
  /**
   * Redis answered a fetch, with a job or without. The job is ours from here on, however long
   * BullMQ takes to begin it.
   */
  readonly fetched: (job: Job | undefined) => void;
  /** Is called before jobs without a lock are looked for. */
  readonly beforeStallCheck: () => void;
  /**
   * Finds the job that Redis gave us under this token in a reply that BullMQ could not read, and
   * makes it readable. Answers with its id.
   */
  readonly makeParsable: (token: string) => Promise<string | undefined>;
}

/** What we use of BullMQ's worker that is private to it. */
interface BullmqPrivate {
  drained: boolean;
  retryIfFailed<T>(work: () => Promise<T>, options: { delayInMs: number; onlyEmitError: boolean }): Promise<T>;
  updateDelays(limitMs: number | undefined, until: number | undefined): void;
  waitForRateLimit(): Promise<void>;
}

/**
 * How long a fetch that failed waits before the next, whatever the reason. BullMQ would ask again
 * at once, for ever.
 */
const FAILED_FETCH_PAUSE_MS = 500;
/** How BullMQ begins to say that it could not enqueue the next run of a job scheduler. */
const SCHEDULING = 'Failed to add repeatable job for next iteration: ';
/** The longest one blocking read takes: less than a connection may leave a command unanswered. */
const MAX_BLOCK_S = 3;

/**
 * A Redis that was away for longer than a lease comes back without locks. Workers that live take
 * theirs up again, as soon as they have noticed (they look every 2 s); until then a job without a
 * lock is not yet a dead worker's.
 */
const COMEBACK_MS = 3_000;

/**
 * BullMQ's Worker, with eight things changed: an end is recorded through an outage and is never
 * turned into a failure by one; an attempt begins when its job is fetched, and is told when BullMQ
 * is through with it; a job that BullMQ cannot read is an attempt like any other; a fetch that is
 * refused waits; blocking reads are short enough for a dead connection to be noticed; one that
 * closes waits for no rate limit; and after an outage the living come back before the dead are
 * looked for.
 */
export class Engine extends Worker {
  readonly #hooks: EngineHooks;
  readonly #recording: Recording;
  readonly #process: (job: Job, token?: string) => Promise<unknown>;
  /**
   * Why the next run of a job scheduler could not be enqueued. BullMQ tells it only to who listens.
   */
  #schedulingFault: Error | undefined;

  constructor(
    queue: string,
    processor: (job: Job, token?: string) => Promise<unknown>,
    options: WorkerOptions,
    hooks: EngineHooks,
  ) {
    super(queue, processor, { ...options, autorun: false, drainDelay: MAX_BLOCK_S, skipLockRenewal: true });
    this.#hooks = hooks;
    this.#process = processor;
    this.on('error', ({ message }) => {
      if (message.startsWith(SCHEDULING)) this.#schedulingFault = new Error(message.slice(SCHEDULING.length));
    });
    // Closing ends such a wait; but the last end to be recorded may say that the queue is limited
    // when closing has begun, and BullMQ would wait for up to 30 s then.
    const waitForRateLimit = this.#bullmq.waitForRateLimit.bind(this);
    this.#bullmq.waitForRateLimit = async () => {
      if (this.closing === undefined) await waitForRateLimit();
    };
    const { backend } = this;
    this.#recording = new Recording(backend, hooks.finish, hooks.completions);
    const findStalled = backend.moveStalledJobsToWait.bind(backend);
    backend.moveStalledJobsToWait = async () => {
      if (hooks.outage.overForMs < COMEBACK_MS) return [];
      hooks.beforeStallCheck();
      return findStalled();
    };
  }

  override get maximumBlockTimeout(): number {
    return MAX_BLOCK_S;
  }

  /** What BullMQ keeps private of itself. */
  get #bullmq(): BullmqPrivate {
    return this as unknown as BullmqPrivate;
  }

  // Spelled out, without what BullMQ needs for tracing and for its lock manager: each promise here
  // is made for every job.
  override async processJob(job: Job, token: string, fetchNext: () => boolean = () => true): Promise<Job> {
    try {
      if (job.deferredFailure !== undefined) return (await super.processJob(job, token, fetchNext)) as Job;
      const result = await this.#process(job, token);
      return await this.handleCompleted(result, job, token, fetchNext);
    } catch (failure) {
      const options = { delayInMs: this.opts.runRetryDelay ?? 0, onlyEmitError: true };
      return (await this.#bullmq.retryIfFailed(
        () => this.handleFailed(failure as Error, job, token, fetchNext),
        options,
      )) as Job;
    } finally {
      const attempt = attemptOf(job);
      if (attempt !== undefined) this.#hooks.processed(attempt);
      forgetAttempt(job);
    }
  }

  protected override async moveToActive(token: string, name?: string): Promise<Job> {
    const { outage, fetched } = this.#hooks;
    let job: Job;
    try {
      job = await super.moveToActive(token, name);
    } catch (error) {
      job = await this.#readable(token, error).catch(async () => {
        outage.noteIfOutage(error);
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
    // No job scheduler's: nothing is to be enqueued for it.
    if (fields && fields.repeatJobKey === undefined) {
      this.#bullmq.drained = false;
      const job = Object.assign(this.createJob(fields, jobId ?? ''), { token: token ?? '' });
      setStored(job, fields.data);
      this.emit('active', job, 'waiting');
      return job;
    }
    for (;;) {
      this.#schedulingFault = undefined;
      const job = await super.nextJobFromJobData(fields, jobId, token);
      if (job !== undefined || !fields) return job;
      // BullMQ could not enqueue the next run of a job scheduler, has said so, and drops the job at
      // hand, which is active. If Redis only cannot now, the schedule would end with it.
      if (this.closing === undefined && this.#hooks.outage.noteIfOutage(this.#schedulingFault))
        await pause(FAILED_FETCH_PAUSE_MS);
      else return Object.assign(this.createJob(fields, jobId ?? ''), { token });
    }
  }

  async #complete(result: unknown, job: Job, token: string, fetchNext = () => true, isAgain = false): Promise<Job> {
    const isWanted = fetchNext() && !(this.closing || this.paused);
    const recorded = await this.#recording.complete(job, result, token, isWanted, isAgain);
    this.emit('completed', job, result, 'active');
    if (!Array.isArray(recorded)) return undefined as unknown as Job;
    const [fields, jobId, rateLimitDelay, delayUntil] = recorded;
    this.#bullmq.updateDelays(rateLimitDelay, delayUntil);
    return (await this.nextJobFromJobData(fields, jobId, token)) as Job;
  }

  // Spelled out, without rest parameters and closures: what is allocated here is allocated for
  // every job.
  protected override async handleCompleted(
    result: unknown,
    job: Job,
    token: string,
    fetchNext?: () => boolean,
    span?: Span,
  ): Promise<Job> {
    const attempt = attemptOf(job);
    try {
      return this.#recorded(attempt, await this.#complete(result, job, token, fetchNext));
    } catch (error) {
      const write = () => this.#complete(result, job, token, fetchNext, true);
      const traces = [...(job.stacktrace ?? [])];
      // What Redis will never take (a flow's children are still pending, the result cannot be
      // stored) must not be done again and again: it has failed, and says why.
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
   * The job of a reply that BullMQ could not read: what it throws then says nothing of whether
   * Redis carried the command out. It did if there is a job of ours under the token, and another
   * one than the attempt whose end it was.
   * @throws error when there is none
   */
  async #readable(token: string, error: unknown, ended?: ActiveAttempt): Promise<Job> {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    const jobId = await this.#hooks.makeParsable(token);
    const job = jobId === undefined ? undefined : await this.Job.fromId(this, jobId);
    if (job === undefined || (job.id === ended?.jobId && job.attemptsStarted === ended?.lease.fetches)) throw error;
    job.token = token;
    return job;
  }
}
