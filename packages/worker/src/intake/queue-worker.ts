import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { countQueue } from '@bullpen/shared/internal';
import type { Job } from 'bullmq';
import { Engine } from '../bullmq/bullmq-worker.js';
import { CompletionCalls } from '../bullmq/completion-calls.js';
import type { Handler } from '../handlers/handler.js';
import type { WorkerDeps } from '../in-flight/worker-deps.js';
import { FetchWatch } from './fetch-watch.js';
import { LostFetches } from './lost-fetches.js';
import { MalformedJobs } from './malformed-jobs.js';
import { Processor } from './processor.js';

/**
 * An idle worker fetches every 3 s, when its blocking read ends. Five times that without one is not
 * idleness.
 */
const QUIET_MS = 15_000;

/** What a queue says over and over, twice a second at worst, is logged once in so long. */
const SAY_AGAIN_MS = 60_000;

/**
 * One queue's intake: fetches its jobs and gives them to its processor, and sees to it that this
 * goes on.
 */
export class QueueWorker {
  readonly queue: string;
  readonly #concurrency: number;
  readonly #shared: WorkerDeps;
  readonly #processor: Processor;
  readonly #orphans: LostFetches;
  readonly #watch: FetchWatch;
  #engine: Engine;
  /** Engines that were replaced, until their last attempt is through. */
  readonly #retired = new Set<Promise<void>>();
  /**
   * What its fetches are known by on Redis (and in dashboards, as the worker that processes a job).
   */
  readonly #name = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  #running = false;
  #lastError = { said: '', at: 0 };

  constructor(queue: string, handlers: ReadonlyMap<string, Handler>, concurrency: number, shared: WorkerDeps) {
    this.queue = queue;
    this.#concurrency = concurrency;
    this.#shared = shared;
    this.#processor = new Processor({
      ...{ queue, concurrency, handlers, shared },
      wasHandedBack: (jobId, fetches) => this.#orphans.wasHandedBack(jobId, fetches),
      leaveBehind: (jobId, fetches) => this.#orphans.leaveBehind(jobId, fetches),
    });
    this.#engine = this.#newEngine();
    const { prefix, redis, active, leaseMs, log } = shared;
    this.#orphans = new LostFetches({
      ...{ prefix, redis, queue, leaseMs, log, name: this.#name },
      known: (jobId, fetches) => active.find(queue, jobId)?.lease.fetches === fetches,
    });
    this.#watch = new FetchWatch({
      quietMs: QUIET_MS,
      hungry: () =>
        this.#running &&
        !active.draining &&
        redis.status === 'ready' &&
        !shared.outage.present &&
        this.#processor.underWay < concurrency,
      jobsWait: async () => {
        const { waiting, prioritized, paused } = await countQueue(redis, prefix, queue);
        // Delayed jobs that are due become waiting ones only when somebody fetches. Their scores
        // are in BullMQ's 1/4096 ms.
        const due = await redis.zcount(`${prefix}:${queue}:delayed`, '-inf', Date.now() * 4096);
        if (waiting + prioritized + due === 0 || paused) return false;
        // A rate limited queue gives nobody anything until its window is over; one with a global
        // concurrency, until a slot is free.
        const { backend } = this.#engine;
        return (await backend.getRateLimitTtl()) <= 0 && !(await backend.isMaxed());
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

  /**
   * Stops the intake and resolves when the last attempt is settled. Has no limit of its own; see
   * drain.
   */
  async close(): Promise<void> {
    this.#watch.close();
    await Promise.all([this.#engine.close(), ...this.#retired]);
  }

  /**
   * To be called when a lost connection is back: gives back what Redis gave us in replies that
   * never came.
   */
  async handBackLost(): Promise<void> {
    if (this.#running) await this.#orphans.handBackLost();
  }

  /** The last word to Redis, for what it has not answered yet. */
  async handBackAll(): Promise<void> {
    if (this.#running) await this.#orphans.handBackAll();
  }

  #newEngine(): Engine {
    const { redis, prefix, leaseMs, leases, keepCompleted, outage, recorder, log } = this.#shared;
    const { queue } = this;
    const malformed = new MalformedJobs({ redis, prefix, queue, log, name: this.#name });
    const options = {
      ...{
        connection: redis,
        prefix,
        name: this.#name,
        concurrency: this.#concurrency,
        removeOnComplete: keepCompleted,
      },
      lockDuration: leaseMs,
      // A fifth, as the checks of a fleet shut each other out and now and then skip one; see
      // "Numbers we chose" in ARCHITECTURE.md. Whole: Redis refuses any other, and with it each
      // check.
      stalledInterval: Math.floor(leaseMs / 5),
      // The crash budget is the job definition's, and is looked at before an attempt.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      runRetryDelay: 500,
    };
    // BullMQ hands over its AbortSignal to a function of three parameters; ours come from
    // AttemptStop, and not asking saves one per job.
    const engine = new Engine(queue, (job: Job) => this.#processor.process(job), options, {
      ...{ outage, recorder },
      finish: (args) => redis.bullpenFinish(args),
      completions: new CompletionCalls({
        redis,
        prefix,
        queue,
        leaseMs,
        name: this.#name,
        concurrency: this.#concurrency,
      }),
      processed: (entry) => this.#processor.processed(entry),
      fetched: (job) => {
        this.#watch.fetched();
        if (job !== undefined) this.#processor.begin(job);
      },
      beforeStallCheck: () => leases.renewQueue(queue),
      makeParsable: (token) => malformed.makeParsable(token),
    });
    engine.on('error', (error) => {
      // While Redis is away every loop of BullMQ says so, and the outage's own log line says it
      // once.
      if (redis.status !== 'ready' || outage.noteIfOutage(error)) return;
      const { said, at } = this.#lastError;
      if (said === error.message && performance.now() - at < SAY_AGAIN_MS) return;
      this.#lastError = { said: error.message, at: performance.now() };
      log.error({ queue, err: error }, 'queue reported an error');
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
}
