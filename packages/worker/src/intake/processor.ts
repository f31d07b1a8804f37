import { JobCancelled } from '@bullpen/shared';
import { attempt as attemptOnce, endedBefore } from '../attempt/attempt.js';
import type { AttemptInput } from '../attempt/attempt-input.js';
import type { Outcome } from '../attempt/outcome.js';
import { retryInMs } from '../attempt/retry-in-ms.js';
import { reportOutcome } from '../events/report-outcome.js';
import type { AnyHandler } from '../handlers/handler.js';
import type { ActiveAttempt, Ending } from '../in-flight/active-attempt.js';
import { AttemptContext, type ContextSource } from '../in-flight/attempt-context.js';
import { runOwnedBy } from '../in-flight/fault-owner.js';
import { type FetchedJob, nowOf, seemsExpired } from '../in-flight/fetched-job.js';
import type { JobTaker } from '../in-flight/job-source.js';
import { leaseOf } from '../in-flight/lease.js';
import type { Admission } from '../in-flight/trials.js';
import type { WorkerDeps } from '../in-flight/worker-deps.js';
import { RowCalls } from '../rows/row-calls.js';
import { RowJobs } from '../rows/row-jobs.js';
import { crashesKept, SharedAttempt } from '../rows/shared-attempt.js';
import type { FetchWatch } from './fetch-watch.js';
import type { Gate } from './gate.js';
import type { LostFetches } from './lost-fetches.js';

/** What {@link Processor} needs. */
export interface ProcessorDeps {
  /** How many jobs it gets at once. */
  readonly concurrency: number;
  readonly queue: string;
  readonly handlers: ReadonlyMap<string, AnyHandler>;
  readonly gate: Gate;
  readonly fetchWatch: Pick<FetchWatch, 'fetched'>;
  readonly lostFetches: Pick<LostFetches, 'leaveBehind'>;
  readonly worker: WorkerDeps;
}

const DRAINING: Outcome = { kind: 'interrupted', reason: 'draining' };

/** Takes, attempts and releases the jobs of one queue. */
export class Processor implements JobTaker {
  readonly #deps: ProcessorDeps;
  readonly #worker: WorkerDeps;
  readonly #rowCalls: RowCalls;
  readonly #rowJobs: RowJobs;
  #underWay = 0;

  constructor(deps: ProcessorDeps) {
    const { queue, concurrency, worker } = deps;
    const { redis, prefix } = worker;
    this.#deps = deps;
    this.#worker = worker;
    this.#rowCalls = new RowCalls({ redis, prefix, queue, concurrency });
    this.#rowJobs = new RowJobs(redis, prefix);
  }

  /** How many of this queue's slots are taken. */
  get underWay(): number {
    return this.#underWay;
  }

  get isHeld(): boolean {
    return this.#worker.trials.isAlone || this.#worker.outage.lacksPermission;
  }

  fetchAnswered(): void {
    this.#deps.fetchWatch.fetched();
  }

  take(job: FetchedJob): ActiveAttempt {
    this.#underWay += 1;
    return this.#worker.active.begin(job, leaseOf(job, this.#worker.leaseMs, this.#worker.clock));
  }

  /**
   * The steps of an attempt, in their order. A step makes a promise only when it has to wait, because
   * they are taken for every job.
   */
  attempt(attempt: ActiveAttempt): Ending | undefined | Promise<Ending | undefined> {
    const { cancellations, clock } = this.#worker;
    attempt.begin();
    // 1. May the job start?
    const admitted = this.#deps.gate.admit(attempt);
    // 2. Was it cancelled, or has it expired, while it waited?
    const mayHaveEnded = cancellations.mayBeCancelled(attempt) || seemsExpired(clock, attempt.fetched, attempt.bullpen);
    return admitted === 'attempt' && !mayHaveEnded ? this.#attemptAdmitted(attempt) : this.#ask(attempt, admitted);
  }

  /** The first two steps, when Redis must be asked, or the job must not start. */
  async #ask(attempt: ActiveAttempt, admitted: Admission | Promise<Admission>): Promise<Ending | undefined> {
    const { active, cancellations, clock } = this.#worker;
    const admission = await admitted;
    if (admission === 'leave') return attempt.leave();
    if (admission === 'hand back') return attempt.end(DRAINING);
    const mayBeCancelled = cancellations.mayBeCancelled(attempt);
    const mayBeExpired = seemsExpired(clock, attempt.fetched, attempt.bullpen);
    if (mayBeCancelled && (await cancellations.isCancelled(attempt))) attempt.stop.abort(new JobCancelled());
    if (mayBeExpired) await clock.sync().catch(() => undefined);
    // The answer of Redis took time: the worker may drain by now.
    return active.draining ? attempt.end(DRAINING) : this.#attemptAdmitted(attempt);
  }

  #attemptAdmitted(attempt: ActiveAttempt): Ending | undefined | Promise<Ending | undefined> {
    // 3. Which handler and which policy does it have?
    const handler = this.#deps.handlers.get(attempt.job);
    attempt.applyPolicy(handler?.job);
    // 4. If a process died that had it: may it start beside the others?
    const tried = this.#trial(attempt, handler);
    if (tried === 'attempt') return this.#run(attempt, handler);
    return tried instanceof Promise
      ? tried.then((trial) => this.#judged(attempt, handler, trial))
      : this.#judged(attempt, handler, tried);
  }

  #judged(attempt: ActiveAttempt, handler: AnyHandler | undefined, trial: Admission) {
    switch (trial) {
      case 'leave':
        return attempt.leave();
      case 'put off':
        return attempt.putOff(true);
      case 'hand back':
        return this.handBack(attempt);
      case 'attempt':
        return this.#run(attempt, handler);
    }
  }

  /** 5. Attempt it: parse, deadline, handler, outcome. Never throws. */
  #run(attempt: ActiveAttempt, handler: AnyHandler | undefined): Ending | undefined | Promise<Ending | undefined> {
    if (attempt.isShared) return this.#attemptRows(attempt, handler);
    attempt.start();
    const input = this.#inputOf(attempt, handler);
    const running = runOwnedBy(attempt, this.#worker.inContext, () => attemptOnce(input));
    if (!(running instanceof Promise)) return this.#ended(attempt, handler, input, running);
    return running.then((outcome) => this.#ended(attempt, handler, input, outcome));
  }

  #ended(
    attempt: ActiveAttempt,
    handler: AnyHandler | undefined,
    { startedAt }: AttemptInput,
    outcome: Outcome,
  ): Ending | undefined {
    if (outcome.kind !== 'interrupted') this.#worker.trials.acquit(attempt);
    // 6. Tell the log and observers.
    const ending = attempt.end(outcome, retryInMs(attempt, outcome, handler?.job.backoff));
    reportOutcome(this.#worker, outcome, attempt, startedAt);
    // 7. Record the end, unless the lease was lost: Redis would refuse.
    return attempt.lease.lost ? undefined : ending;
  }

  handBack(attempt: ActiveAttempt): Ending {
    return this.#worker.active.draining ? attempt.end(DRAINING) : attempt.putOff(false);
  }

  release(attempt: ActiveAttempt): void {
    this.#underWay -= 1;
    if (!attempt.confirmed && !attempt.lease.lost) this.#deps.lostFetches.leaveBehind(attempt);
    this.#worker.active.release(attempt);
    this.#worker.trials.release(attempt);
  }

  /** A suspect whose handler will not run needs no trial; nor one that passes its crashes on. */
  #trial(attempt: ActiveAttempt, handler: AnyHandler | undefined): Admission | Promise<Admission> {
    const { crashes } = attempt.lease;
    const runs = attempt.isShared ? crashes <= crashesKept(handler) : crashes < (handler?.job.maxCrashes ?? 0);
    return this.#worker.trials.admit(attempt, runs ? handler?.job : undefined, () => this.#hasEnded(attempt));
  }

  /** Whether the attempt ends before its handler runs: its job is cancelled or has expired, say. */
  #hasEnded({ bullpen: { expiresAt, malformed }, fetched, stop }: ActiveAttempt): boolean {
    const now = () => nowOf(this.#worker.clock, fetched);
    return endedBefore({ expiresAt, malformed, stop, now }) !== undefined;
  }

  #inputOf(attempt: ActiveAttempt, handler: AnyHandler | undefined): AttemptInput {
    const { progress, log, clock } = this.#worker;
    const { bullpen, fetched } = attempt;
    return {
      handler,
      jobName: attempt.job,
      payload: fetched.data,
      rowId: attempt.jobId,
      crashes: attempt.lease.crashes,
      expiresAt: bullpen.expiresAt,
      malformed: bullpen.malformed,
      startedAt: performance.now(),
      now: () => nowOf(clock, fetched),
      context: (deadline) => new AttemptContext(attempt, deadline, log, progress),
      stop: attempt.stop,
      onStuck: () => this.#onStuck(attempt),
    };
  }

  /** Attempts the rows of a shared job. */
  async #attemptRows(attempt: ActiveAttempt, handler: AnyHandler | undefined): Promise<Ending | undefined> {
    const rows = new SharedAttempt({
      ...{ attempt, handler, worker: this.#worker, rowCalls: this.#rowCalls, rowJobs: this.#rowJobs },
      onStuck: ({ jobId }: ContextSource) => this.#onStuck(attempt, jobId),
    });
    const isDone = await rows.run();
    if (isDone === undefined) return attempt.leave();
    if (isDone) return attempt.endRows();
    return this.#worker.trials.mustMakeWay(attempt) ? attempt.putOff(false) : attempt.end(DRAINING);
  }

  #onStuck(attempt: ActiveAttempt, jobId = attempt.jobId): void {
    const { job, queue } = attempt;
    attempt.markStuck();
    this.#worker.log.error({ job, jobId, queue }, 'attempt is stuck: past its deadline and still running');
  }
}
