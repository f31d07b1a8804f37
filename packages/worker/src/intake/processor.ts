import { attempt as attemptOnce } from '../attempt/attempt.js';
import type { AttemptInput } from '../attempt/attempt-input.js';
import type { Outcome } from '../attempt/outcome.js';
import { retryInMs } from '../attempt/retry-in-ms.js';
import { reportOutcome } from '../events/report-outcome.js';
import type { Handler } from '../handlers/handler.js';
import type { ActiveAttempt, Ending } from '../in-flight/active-attempt.js';
import { AttemptContext, type Attempted } from '../in-flight/attempt-context.js';
import { runOwnedBy } from '../in-flight/fault-owner.js';
import type { FetchedJob } from '../in-flight/fetched-job.js';
import type { JobTaker } from '../in-flight/job-source.js';
import { leaseOf } from '../in-flight/lease.js';
import type { WorkerDeps } from '../in-flight/worker-deps.js';
import { RowCalls } from '../rows/row-calls.js';
import { RowJobs } from '../rows/row-jobs.js';
import { SharedAttempt } from '../rows/shared-attempt.js';
import type { FetchWatch } from './fetch-watch.js';
import type { Gate } from './gate.js';
import type { LostFetches } from './lost-fetches.js';

/** What {@link Processor} needs beside what all queues share. */
export interface ProcessorDeps {
  /** How many jobs it is given at once. */
  readonly concurrency: number;
  readonly queue: string;
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly gate: Gate;
  readonly fetchWatch: Pick<FetchWatch, 'fetched'>;
  readonly lostFetches: Pick<LostFetches, 'leaveBehind'>;
  readonly shared: WorkerDeps;
}

const DRAINING: Outcome = { kind: 'interrupted', reason: 'draining' };

/** The way of each job of one queue through this worker: taken, attempted, released. */
export class Processor implements JobTaker {
  readonly #deps: ProcessorDeps;
  readonly #shared: WorkerDeps;
  readonly #rowCalls: RowCalls;
  readonly #rowJobs: RowJobs;
  #underWay = 0;

  constructor(deps: ProcessorDeps) {
    const { queue, concurrency, shared } = deps;
    const { redis, prefix } = shared;
    this.#deps = deps;
    this.#shared = shared;
    this.#rowCalls = new RowCalls({ redis, prefix, queue, concurrency });
    this.#rowJobs = new RowJobs(redis, prefix);
  }

  /** How many of this queue's slots are taken. */
  get underWay(): number {
    return this.#underWay;
  }

  fetchAnswered(): void {
    this.#deps.fetchWatch.fetched();
  }

  take(job: FetchedJob): ActiveAttempt {
    this.#underWay += 1;
    return this.#shared.active.begin(job, leaseOf(job, this.#shared.leaseMs));
  }

  /** The steps of an attempt, in their order. What they wait for, they wait for only if they must. */
  async attempt(attempt: ActiveAttempt): Promise<Ending | undefined> {
    const { active, cancellations } = this.#shared;
    // 1. The gate.
    const admitted = this.#deps.gate.admit(attempt);
    const admission = typeof admitted === 'string' ? admitted : await admitted;
    if (admission === 'leave') return attempt.leave();
    if (admission === 'hand back') return attempt.end(DRAINING);
    // 2. Was it cancelled while it waited?
    if (cancellations.suspects(attempt)) {
      await cancellations.stopIfNoted(attempt, attempt.stop);
      // That took a trip to Redis.
      if (active.draining) return attempt.end(DRAINING);
    }
    // 3. Who handles it, and by which policy?
    const handler = this.#deps.handlers.get(attempt.job);
    attempt.applyPolicy(handler?.job);
    // 4. The attempt: parse, deadline, handler, outcome. Never throws.
    if (attempt.isShared) return this.#attemptRows(attempt, handler);
    attempt.start();
    const input = this.#inputOf(attempt, handler);
    const running = runOwnedBy(attempt, () => attemptOnce(input));
    const outcome = running instanceof Promise ? await running : running;
    // 5. Who hears of it?
    const ending = attempt.end(outcome, retryInMs(attempt, outcome, handler?.job.backoff));
    reportOutcome(this.#shared, outcome, attempt, input.startedAt);
    // 6. Is it still ours to record? Redis would refuse it.
    return attempt.lease.lost ? undefined : ending;
  }

  release(attempt: ActiveAttempt): void {
    this.#underWay -= 1;
    if (!attempt.confirmed && !attempt.lease.lost) this.#deps.lostFetches.leaveBehind(attempt);
    this.#shared.active.finish(attempt);
  }

  #inputOf(attempt: ActiveAttempt, handler: Handler | undefined): AttemptInput {
    const { progress, log } = this.#shared;
    const { bullpen, fetched } = attempt;
    return {
      handler,
      jobName: attempt.job,
      payload: fetched.data,
      rowId: attempt.jobId,
      crashes: attempt.lease.crashes,
      expiresAt: bullpen.expiresAt,
      malformed: bullpen.malformed,
      startedAt: Date.now(),
      context: (deadline) => new AttemptContext(attempt, deadline, log, progress),
      stop: attempt.stop,
      onStuck: () => this.#onStuck(attempt),
    };
  }

  /** Attempts the rows of a shared job. */
  async #attemptRows(attempt: ActiveAttempt, handler: Handler | undefined): Promise<Ending | undefined> {
    const rows = new SharedAttempt({
      ...{ attempt, handler, shared: this.#shared, rowCalls: this.#rowCalls, rowJobs: this.#rowJobs },
      onStuck: ({ jobId }: Attempted) => this.#onStuck(attempt, jobId),
    });
    const isDone = await rows.run();
    if (isDone === undefined) return attempt.leave();
    return isDone ? attempt.endRows() : attempt.end(DRAINING);
  }

  #onStuck(attempt: ActiveAttempt, jobId = attempt.jobId): void {
    const { job, queue } = attempt;
    attempt.markStuck();
    this.#shared.log.error({ job, jobId, queue }, 'attempt is stuck: past its deadline and still running');
  }
}
