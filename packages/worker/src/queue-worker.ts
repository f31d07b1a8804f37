import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { countQueue, hasCode, type JobDefinition, type Logger, readBullpenOpts } from '@bullpen/shared';
import { type Job, WaitingError } from 'bullmq';
import type { ActiveAttempt, ActiveAttempts } from './active-attempts.js';
import { type AttemptInput, attempt } from './attempt.js';
import { AttemptContext } from './attempt-context.js';
import { AttemptStop } from './attempt-stop.js';
import { onBehalfOf } from './blame.js';
import type { Books } from './books.js';
import type { Cancellations } from './cancellations.js';
import { Engine, setAttempt } from './engine.js';
import type { Handler } from './handler.js';
import { IntakeWatch } from './intake-watch.js';
import { leaseOf } from './lease.js';
import type { ScriptedRedis } from './lease-scripts.js';
import type { Leases } from './leases.js';
import { logOutcome } from './log-outcome.js';
import { notesOf } from './notes.js';
import { Orphans } from './orphans.js';
import type { Outage } from './outage.js';
import type { Recorder } from './recorder.js';
import { attemptsOf, handBack, settle, type Ways } from './settle.js';

/** What the workers of all queues of one process share. */
export interface Shared {
  readonly prefix: string;
  readonly redis: ScriptedRedis;
  readonly books: Books;
  readonly active: ActiveAttempts;
  readonly leases: Leases;
  readonly recorder: Recorder;
  readonly outage: Outage;
  readonly cancellations: Cancellations;
  readonly log: Logger;
  readonly leaseMs: number;
  readonly keepCompleted: { readonly count: number; readonly age: number };
}

/** An idle worker fetches every 3 s, when its blocking read ends. Five times that without one is not idleness. */
const QUIET_MS = 15_000;

/** One queue's fetching, attempting and settling. */
export class QueueWorker {
  readonly queue: string;
  readonly #handlers: ReadonlyMap<string, Handler>;
  readonly #concurrency: number;
  readonly #shared: Shared;
  readonly #ways: Ways;
  readonly #orphans: Orphans;
  readonly #watch: IntakeWatch;
  #engine: Engine;
  /** Engines that were replaced, until their last attempt is through. */
  readonly #retired = new Set<Promise<void>>();
  /** What its fetches are known by on Redis (and in dashboards, as the worker that processes a job). */
  readonly #name = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  #attempts = 0;
  #running = false;

  constructor(queue: string, handlers: ReadonlyMap<string, Handler>, concurrency: number, shared: Shared) {
    this.queue = queue;
    this.#handlers = handlers;
    this.#concurrency = concurrency;
    this.#shared = shared;
    this.#ways = {
      record: (entry, write) => shared.recorder.record(entry, write),
      wakeOne: () => shared.books.wakeOne(queue),
    };
    this.#engine = this.#newEngine();
    const { prefix, redis, active, leaseMs, log } = shared;
    this.#orphans = new Orphans({
      ...{ prefix, redis, queue, leaseMs, log, name: this.#name },
      known: (jobId, fetches) => active.find(queue, jobId)?.lease.fetches === fetches,
      giveBack: async (jobId, token) => {
        await this.#engine.backend.moveJobFromActiveToWait(jobId, token);
        shared.books.wakeOne(queue);
      },
    });
    this.#watch = new IntakeWatch({
      quietMs: QUIET_MS,
      hungry: () => this.#running && !active.draining && redis.status === 'ready' && this.#attempts < concurrency,
      jobsWait: async () => {
        const { waiting, prioritized, paused } = await countQueue(redis, prefix, queue);
        return waiting + prioritized > 0 && !paused;
      },
      restart: () => this.#restart(),
    });
  }

  /** Starts fetching; resolves when the worker is connected. */
  async run(): Promise<void> {
    this.#running = true;
    this.#fetch(this.#engine);
    await this.#engine.waitUntilReady();
  }

  /** How many attempts of this queue may run at once. */
  get slots(): number {
    return this.#concurrency;
  }

  /** Stops the intake and resolves when the last attempt is settled. Has no limit of its own; see drain. */
  async close(): Promise<void> {
    this.#watch.close();
    await Promise.all([this.#engine.close(), ...this.#retired]);
  }

  /** To be called when a lost connection is back: gives back what Redis gave us in replies that never came. */
  async giveBackOrphans(): Promise<void> {
    if (this.#running) await this.#orphans.giveBackAll();
  }

  #newEngine(): Engine {
    const { redis, prefix, leaseMs, keepCompleted, outage, recorder, books, log } = this.#shared;
    const { queue } = this;
    const options = {
      ...{
        connection: redis,
        prefix,
        name: this.#name,
        concurrency: this.#concurrency,
        removeOnComplete: keepCompleted,
      },
      lockDuration: leaseMs,
      // A fifth, as the checks of a fleet shut each other out and now and then skip one; see "Numbers we chose" in ARCHITECTURE.md.
      stalledInterval: leaseMs / 5,
      // The crash budget is the job definition's, and is looked at before an attempt.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      runRetryDelay: 500,
    };
    // BullMQ hands over its AbortSignal to a function of three parameters; ours come from AttemptStop, and not asking saves one per job.
    const engine = new Engine(queue, (job: Job, token?: string) => this.#process(job, token ?? ''), options, {
      ...{ outage, recorder },
      writeNotes: (entry) => {
        if (entry?.notes !== undefined) books.note(queue, entry.jobId, entry.lease, entry.notes);
      },
      processed: (entry) => this.#processed(entry),
      fetched: () => this.#watch.fetched(),
    });
    engine.on('error', (error) => {
      // While Redis is away every loop of BullMQ says so, and the outage's own log line says it once.
      if (redis.status === 'ready' && !outage.isOne(error)) log.error({ queue, err: error }, 'queue reported an error');
    });
    return engine;
  }

  #fetch(engine: Engine): void {
    engine.run().catch((error: unknown) => this.#shared.log.error({ queue: this.queue, err: error }, 'queue stopped'));
  }

  /** Leaves the attempts under way to the old engine and fetches with a new one. */
  #restart(): void {
    this.#shared.log.error(
      { queue: this.queue },
      'queue was not fetched from although jobs wait; restarting its intake',
    );
    const retired = this.#engine.close().finally(() => this.#retired.delete(retired));
    this.#retired.add(retired);
    this.#engine = this.#newEngine();
    this.#fetch(this.#engine);
  }

  /** Lets a job in, or hands it straight back. */
  async #process(job: Job, token: string): Promise<unknown> {
    const { active, leaseMs } = this.#shared;
    const { queue } = this;
    const entry = active.begin(queue, job.id as string, job.name, new AttemptStop(), leaseOf(job, token, leaseMs));
    setAttempt(job, entry);
    this.#attempts += 1;
    const { lease } = entry;
    if (this.#orphans.wasGivenBack(entry.jobId, lease.fetches)) return leave(entry);
    // Fetched long ago, by a process that was frozen or an event loop that stood still: is it still ours?
    const isStale = lease.until - performance.now() < leaseMs / 2;
    if (isStale && !(await this.#isStillOurs(entry))) return leave(entry);
    if (active.draining) {
      entry.outcome = 'interrupted';
      return handBack({ job, attempt: entry, ways: this.#ways });
    }
    return this.#attempt(job, entry);
  }

  async #isStillOurs(entry: ActiveAttempt): Promise<boolean> {
    try {
      return (await this.#shared.leases.ask(entry)) === 'held';
    } catch (error) {
      this.#shared.log.error({ jobId: entry.jobId, queue: this.queue, err: error }, 'lease could not be checked');
      return false;
    }
  }

  async #attempt(job: Job, entry: ActiveAttempt): Promise<unknown> {
    const { books, cancellations, log } = this.#shared;
    const { stop } = entry;
    entry.started = true;
    cancellations.check(this.queue, entry.jobId, stop);
    const bullpen = readBullpenOpts(job.opts);
    const handler = this.#handlers.get(job.name);
    applyPolicy(job, handler?.job);
    const startedAt = Date.now();
    const input: AttemptInput = {
      handler,
      jobName: job.name,
      payload: job.data,
      crashes: entry.lease.crashes,
      expiresAt: bullpen.expiresAt,
      startedAt,
      context: (deadline) => new AttemptContext(job, entry, deadline, log, books),
      stop,
      onStuck: () => this.#stuck(entry),
    };
    const outcome = await onBehalfOf(entry, () => attempt(input));
    entry.outcome = outcome.kind;
    logOutcome(log, outcome, job, startedAt);
    // Redis would refuse it, and what BullMQ is told now it only repeats.
    if (entry.lease.lost) return leave(entry);
    const cancelAsked = hasCode(stop.reason, 'BULLPEN_JOB_CANCELLED');
    const { attempt: number, maxAttempts } = attemptsOf(job);
    entry.notes = notesOf(outcome, { bullpen, cancelAsked, attempt: number, maxAttempts });
    return settle(outcome, { job, attempt: entry, backoff: handler?.job.backoff, ways: this.#ways });
  }

  #stuck(entry: ActiveAttempt): void {
    const { jobId, job, queue } = entry;
    entry.stuck = true;
    this.#shared.log.error({ job, jobId, queue }, 'attempt is stuck: past its deadline and still running');
  }

  #processed(entry: ActiveAttempt): void {
    this.#attempts -= 1;
    this.#shared.active.finish(entry);
  }
}

/** Ends an attempt at a job that is another worker's, or nobody's, by now; Redis is told nothing. */
function leave(entry: ActiveAttempt): never {
  entry.outcome ??= 'interrupted';
  throw new WaitingError();
}

/** A job enqueued by some other client may carry no policy; then the definition's holds. */
function applyPolicy(job: Job, definition: JobDefinition | undefined): void {
  if (definition !== undefined && (job.opts.attempts ?? 0) < 1) job.opts.attempts = definition.maxAttempts;
}
