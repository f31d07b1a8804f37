import { hasCode, type JobDefinition } from '@bullpen/shared';
import { type BullpenOpts, readBullpenOpts } from '@bullpen/shared/internal';
import { type Job, WaitingError } from 'bullmq';
import { attempt } from '../attempt/attempt.js';
import type { AttemptInput } from '../attempt/attempt-input.js';
import { attemptNumber } from '../attempt/attempt-number.js';
import { AttemptStop } from '../attempt/attempt-stop.js';
import { notesOf } from '../attempt/notes.js';
import { attemptOf, setAttempt, storedData } from '../bullmq/fetched-job.js';
import { handBack, settle, type Ways } from '../bullmq/verbs.js';
import { reportOutcome } from '../events/report-outcome.js';
import type { Handler } from '../handlers/handler.js';
import type { ActiveAttempt } from '../in-flight/active-attempts.js';
import { AttemptContext, type Attempted } from '../in-flight/attempt-context.js';
import { runOwnedBy } from '../in-flight/fault-owner.js';
import { leaseOf } from '../in-flight/lease.js';
import type { WorkerDeps } from '../in-flight/worker-deps.js';
import { RowCalls } from '../rows/row-calls.js';
import { SharedAttempt } from '../rows/shared-attempt.js';

/** What {@link Processor} needs beside what all queues share. */
export interface ProcessorDeps {
  readonly queue: string;
  /** How many jobs it is given at once. */
  readonly concurrency: number;
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly shared: WorkerDeps;
  /** Whether this fetch of a job was given back before its reply arrived. */
  readonly wasHandedBack: (jobId: string, fetches: number) => boolean;
  /** Is told of a fetch whose attempt was given up, its end unrecorded. */
  readonly leaveBehind: (jobId: string, fetches: number) => void;
}

/**
 * What BullMQ calls for each job of a queue: the gate, the attempt, and what is to be said of it.
 */
export class Processor {
  readonly #queue: string;
  readonly #handlers: ReadonlyMap<string, Handler>;
  readonly #shared: WorkerDeps;
  readonly #wasHandedBack: ProcessorDeps['wasHandedBack'];
  readonly #leaveBehind: ProcessorDeps['leaveBehind'];
  readonly #ways: Ways;
  readonly #rowEnds: RowCalls;
  #underWay = 0;

  constructor({ queue, concurrency, handlers, shared, wasHandedBack, leaveBehind }: ProcessorDeps) {
    this.#queue = queue;
    this.#handlers = handlers;
    this.#shared = shared;
    this.#wasHandedBack = wasHandedBack;
    this.#leaveBehind = leaveBehind;
    this.#rowEnds = new RowCalls({ redis: shared.redis, prefix: shared.prefix, queue, concurrency });
    this.#ways = {
      record: (entry, write) => shared.recorder.record(entry, write),
      wakeOne: () => shared.books.wakeOne(queue),
    };
  }

  /** How many of this queue's slots are taken. */
  get underWay(): number {
    return this.#underWay;
  }

  /**
   * Takes a job that was just fetched into our care: its lease is renewed from here on. BullMQ
   * begins the jobs it fetches only when all slots are filled or the queue is empty, which can take
   * longer than a lease.
   */
  begin(job: Job): void {
    const { active, leaseMs } = this.#shared;
    const lease = leaseOf(job, job.token ?? '', leaseMs);
    setAttempt(job, active.begin(this.#queue, job.id as string, job.name, new AttemptStop(), lease));
    this.#underWay += 1;
  }

  /** Lets a job in, or hands it straight back. */
  process(job: Job): Promise<unknown> {
    const { active, leaseMs } = this.#shared;
    const entry = attemptOf(job);
    if (entry === undefined) throw new Error('the job was never fetched');
    const { lease } = entry;
    if (this.#wasHandedBack(entry.jobId, lease.fetches)) {
      entry.confirmed = true;
      return leave(entry);
    }
    if (lease.lost) return leave(entry);
    // Fetched long ago, by a process that was frozen or an event loop that stood still: is it still
    // ours?
    if (lease.until - performance.now() < leaseMs / 2) return this.#processStale(job, entry);
    return active.draining ? this.#handBack(job, entry) : this.#attempt(job, entry);
  }

  async #processStale(job: Job, entry: ActiveAttempt): Promise<unknown> {
    if (!(await this.#isStillOurs(entry))) return leave(entry);
    return this.#shared.active.draining ? this.#handBack(job, entry) : this.#attempt(job, entry);
  }

  #handBack(job: Job, entry: ActiveAttempt): Promise<never> {
    entry.outcome = 'interrupted';
    return handBack({ job, attempt: entry, ways: this.#ways });
  }

  async #isStillOurs(entry: ActiveAttempt): Promise<boolean> {
    try {
      return (await this.#shared.leases.ask(entry)) === 'held';
    } catch (error) {
      this.#shared.log.error({ jobId: entry.jobId, queue: this.#queue, err: error }, 'lease could not be checked');
      return false;
    }
  }

  async #attempt(job: Job, entry: ActiveAttempt): Promise<unknown> {
    const { active, books, cancellations, log } = this.#shared;
    const { stop } = entry;
    const bullpen = readBullpenOpts(job.opts);
    entry.batch = bullpen.batch;
    if (cancellations.suspects(entry)) {
      await cancellations.stopIfNoted(entry, stop);
      // That took a trip to Redis.
      if (active.draining) return this.#handBack(job, entry);
    }
    const handler = this.#handlers.get(job.name);
    applyPolicy(job, handler?.job);
    if (bullpen.batch !== undefined && bullpen.rows !== undefined) {
      return this.#attemptRows(job, entry, bullpen, handler);
    }
    entry.started = true;
    const startedAt = Date.now();
    const input: AttemptInput = {
      handler,
      jobName: job.name,
      payload: job.data,
      rowId: entry.jobId,
      crashes: entry.lease.crashes,
      expiresAt: bullpen.expiresAt,
      malformed: bullpen.malformed,
      startedAt,
      context: (deadline) => new AttemptContext(job, entry, deadline, log, books),
      stop,
      onStuck: () => this.#stuck(entry),
    };
    const outcome = await runOwnedBy(entry, () => attempt(input));
    entry.outcome = outcome.kind;
    reportOutcome(this.#shared, outcome, job, entry, entry.jobId, startedAt);
    // Redis would refuse it, and what BullMQ is told now it only repeats.
    if (entry.lease.lost) return leave(entry);
    const cancelAsked = hasCode(stop.reason, 'BULLPEN_JOB_CANCELLED');
    const { attempt: number, maxAttempts } = attemptNumber(job);
    entry.noting = {
      ...{ bullpen, cancelAsked, job: job.name, jobId: entry.jobId, payload: () => storedData(job) },
      attempt: number,
      maxAttempts,
    };
    entry.notes = notesOf(outcome, entry.noting);
    return settle(outcome, { job, attempt: entry, backoff: handler?.job.backoff, ways: this.#ways });
  }

  /** Attempts the rows of a shared job. */
  async #attemptRows(
    job: Job,
    entry: ActiveAttempt,
    bullpen: BullpenOpts,
    handler: Handler | undefined,
  ): Promise<unknown> {
    const onStuck = ({ jobId }: Attempted): void => this.#stuck(entry, jobId);
    const rows = new SharedAttempt({
      job,
      entry,
      bullpen,
      handler,
      shared: this.#shared,
      rowEnds: this.#rowEnds,
      onStuck,
    });
    const done = await rows.run();
    if (done === undefined) return leave(entry);
    if (!done) return this.#handBack(job, entry);
    entry.outcome = 'completed';
    entry.notes = { batch: bullpen.batch as string, forgetCancelled: true };
    return undefined;
  }

  #stuck(entry: ActiveAttempt, jobId = entry.jobId): void {
    const { job, queue } = entry;
    entry.stuck = true;
    this.#shared.log.error({ job, jobId, queue }, 'attempt is stuck: past its deadline and still running');
  }

  /** BullMQ is through with an attempt. */
  processed(entry: ActiveAttempt): void {
    this.#underWay -= 1;
    const { jobId, lease, confirmed } = entry;
    if (!confirmed && !lease.lost) this.#leaveBehind(jobId, lease.fetches);
    this.#shared.active.finish(entry);
  }
}

/**
 * Ends an attempt at a job that is another worker's, or nobody's, by now; Redis is told nothing.
 */
function leave(entry: ActiveAttempt): never {
  entry.outcome ??= 'interrupted';
  throw new WaitingError();
}

/** A job enqueued by some other client may carry no policy; then the definition's holds. */
function applyPolicy(job: Job, definition: JobDefinition | undefined): void {
  const { attempts } = job.opts;
  const isPolicy = Number.isSafeInteger(attempts) && Number(attempts) >= 1;
  if (definition !== undefined && !isPolicy) job.opts.attempts = definition.maxAttempts;
}
