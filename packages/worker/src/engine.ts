import { type Job, type Span, Worker, type WorkerOptions } from 'bullmq';
import type { ActiveAttempt } from './active-attempts.js';
import type { Outage } from './outage.js';
import { pause } from './pause.js';
import type { Recorder } from './recorder.js';

/**
 * Where the job object of an attempt keeps that attempt. Not by the job's id, which may have two attempts here for a moment; not in a WeakMap, which
 * costs the garbage collector more than everything else we do for a job.
 */
const ATTEMPT = Symbol('attempt');
type Attempted = Job & { [ATTEMPT]?: ActiveAttempt };

/** Remembers which attempt a job object is for. */
export function setAttempt(job: Job, attempt: ActiveAttempt): void {
  (job as Attempted)[ATTEMPT] = attempt;
}

/** What BullMQ's worker is made to do differently. */
export interface EngineHooks {
  readonly outage: Outage;
  readonly recorder: Recorder;
  /** Writes the notes of an attempt; they go out just before its end is recorded. */
  readonly writeNotes: (attempt: ActiveAttempt | undefined) => void;
  /** BullMQ is through with a job: recorded, or given up. */
  readonly processed: (attempt: ActiveAttempt) => void;
  /** Redis answered a fetch. */
  readonly fetched: () => void;
}

/** How long a fetch that Redis refused waits before the next. BullMQ would ask again at once, for ever. */
const REFUSED_FETCH_PAUSE_MS = 500;
/** The longest one blocking read takes: less than a connection may leave a command unanswered. */
const LONGEST_BLOCK_S = 3;

/**
 * A Redis that was away for longer than a lease comes back without locks. Workers that live take theirs up again, as soon as they have noticed (they look every 2 s); until then a job
 * without a lock is not yet a dead worker's.
 */
const COMEBACK_MS = 3_000;

/**
 * BullMQ's Worker, with five things changed: an end is recorded through an outage and is never turned into a failure by one; the attempt is told when BullMQ is
 * through with it; a fetch that is refused waits; and blocking reads are short enough for a dead connection to be noticed; and after an
 * outage the living come back before the dead are looked for.
 */
export class Engine extends Worker {
  readonly #hooks: EngineHooks;

  constructor(
    queue: string,
    processor: (job: Job, token?: string) => Promise<unknown>,
    options: WorkerOptions,
    hooks: EngineHooks,
  ) {
    super(queue, processor, { ...options, autorun: false, drainDelay: LONGEST_BLOCK_S, skipLockRenewal: true });
    this.#hooks = hooks;
    const { backend } = this;
    const findStalled = backend.moveStalledJobsToWait.bind(backend);
    backend.moveStalledJobsToWait = async () => (hooks.outage.overForMs < COMEBACK_MS ? [] : findStalled());
  }

  override get maximumBlockTimeout(): number {
    return LONGEST_BLOCK_S;
  }

  override async processJob(...[job, token, fetchNext]: Parameters<Worker['processJob']>) {
    try {
      return await super.processJob(job, token, fetchNext);
    } finally {
      const attempt = (job as Attempted)[ATTEMPT];
      if (attempt !== undefined) this.#hooks.processed(attempt);
    }
  }

  protected override async moveToActive(token: string, name?: string): Promise<Job> {
    const { outage, fetched } = this.#hooks;
    try {
      const job = await super.moveToActive(token, name);
      outage.accepted();
      fetched();
      return job;
    } catch (error) {
      if (outage.isOne(error)) await pause(REFUSED_FETCH_PAUSE_MS);
      throw error;
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
    const attempt = (job as Attempted)[ATTEMPT];
    try {
      this.#hooks.writeNotes(attempt);
      return this.#recorded(attempt, await super.handleCompleted(result, job, token, fetchNext, span));
    } catch (error) {
      return this.#recordAgain(attempt, error, () => super.handleCompleted(result, job, token, fetchNext, span));
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
    const attempt = (job as Attempted)[ATTEMPT];
    const traces = [...(job.stacktrace ?? [])];
    try {
      this.#hooks.writeNotes(attempt);
      return this.#recorded(attempt, await super.handleFailed(failure, job, token, fetchNext, span));
    } catch (error) {
      return this.#recordAgain(attempt, error, () => {
        // BullMQ adds the failure's trace each time it is called.
        job.stacktrace = [...traces];
        return super.handleFailed(failure, job, token, fetchNext, span);
      });
    }
  }

  #recorded(attempt: ActiveAttempt | undefined, next: Job): Job {
    if (attempt !== undefined) attempt.confirmed = true;
    if (next !== undefined) this.#hooks.fetched();
    return next;
  }

  async #recordAgain(attempt: ActiveAttempt | undefined, error: unknown, write: () => Promise<Job>): Promise<Job> {
    // A job that BullMQ failed by itself, without asking us.
    if (attempt === undefined) throw error;
    const { recorder, writeNotes } = this.#hooks;
    const next = await recorder.recordAgain(attempt, error, () => {
      writeNotes(attempt);
      return write();
    });
    // BullMQ's types forget that there may be no next job.
    return this.#recorded(undefined, next as Job);
  }
}
