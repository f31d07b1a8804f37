import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { countQueue, DELAYED_STEPS_PER_MS, queueKeys } from '@bullpen/shared/internal';
import { BullmqWorker } from '../bullmq/bullmq-worker.js';
import { CompletionCalls } from '../bullmq/completion-calls.js';
import { MalformedJobs } from '../bullmq/malformed-jobs.js';
import type { Handler } from '../handlers/handler.js';
import type { WorkerDeps } from '../in-flight/worker-deps.js';
import { FetchWatch } from './fetch-watch.js';
import { Gate } from './gate.js';
import { LostFetches } from './lost-fetches.js';
import { Processor } from './processor.js';

/** An idle worker fetches every 3 s, when its blocking read ends. Five times that is suspicious. */
const QUIET_MS = 15_000;

/** What a queue says over and over, twice a second at worst, is logged once in so long. */
const LOG_AGAIN_MS = 60_000;

/** One queue of a worker: fetches its jobs, gives them to its processor, and watches that this goes on. */
export class QueueWorker {
  readonly queue: string;
  readonly #concurrency: number;
  readonly #shared: WorkerDeps;
  readonly #processor: Processor;
  readonly #lostFetches: LostFetches;
  readonly #watch: FetchWatch;
  #source: BullmqWorker;
  /** Sources that were replaced, until their last attempt is over. */
  readonly #retired = new Set<Promise<void>>();
  /** Names its fetches on Redis, and in dashboards the worker that processes a job. */
  readonly #name = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  #running = false;
  #lastError = { message: '', at: 0 };

  constructor(queue: string, handlers: ReadonlyMap<string, Handler>, concurrency: number, shared: WorkerDeps) {
    this.queue = queue;
    this.#concurrency = concurrency;
    this.#shared = shared;
    const { prefix, redis, active, leases, leaseMs, log } = shared;
    const lostFetches = new LostFetches({ prefix, redis, queue, leaseMs, log, name: this.#name, active });
    const gate = new Gate({ active, leases, lostFetches, leaseMs, log });
    this.#lostFetches = lostFetches;
    this.#watch = new FetchWatch({
      quietMs: QUIET_MS,
      hungry: () => this.#isHungry(),
      jobsWait: () => this.#jobsWait(),
      restart: () => this.#restart(),
    });
    this.#processor = new Processor({
      queue,
      concurrency,
      handlers,
      gate,
      lostFetches,
      fetchWatch: this.#watch,
      shared,
    });
    this.#source = this.#openSource();
  }

  /** Starts fetching; resolves when the worker is connected. */
  async run(): Promise<void> {
    this.#running = true;
    this.#fetch(this.#source);
    await this.#source.waitUntilReady();
  }

  /** Stops the intake and resolves when the last end is recorded. Has no limit of its own; see drain. */
  async close(): Promise<void> {
    this.#watch.close();
    await Promise.all([this.#source.close(), ...this.#retired]);
  }

  /** Hands back jobs whose reply never came; to be called when a lost connection is back. */
  async handBackLost(): Promise<void> {
    if (this.#running) await this.#lostFetches.handBackLost();
  }

  /** The last word to Redis, for what it has not answered yet. */
  async handBackAll(): Promise<void> {
    if (this.#running) await this.#lostFetches.handBackAll();
  }

  #openSource(): BullmqWorker {
    const { redis, prefix, leaseMs, leases, keepCompleted, outage, recorder, log } = this.#shared;
    const { queue } = this;
    const [name, concurrency] = [this.#name, this.#concurrency];
    const source = new BullmqWorker(
      queue,
      {
        ...{ connection: redis, prefix, name, concurrency, removeOnComplete: keepCompleted, lockDuration: leaseMs },
        // A fifth, as the checks of a fleet exclude each other and now and then skip one; see
        // docs/internals/numbers.md. Redis refuses a fraction, and with it each check.
        stalledInterval: Math.floor(leaseMs / 5),
        // The crash budget is the job definition's, and is looked at before an attempt.
        maxStalledCount: Number.MAX_SAFE_INTEGER,
        runRetryDelay: 500,
      },
      {
        ...{ redis, leases, outage, recorder, taker: this.#processor },
        completionCalls: new CompletionCalls({ redis, prefix, queue, leaseMs, name, concurrency }),
        malformedJobs: new MalformedJobs({ redis, prefix, queue, log, name }),
      },
    );
    source.on('error', (error) => this.#onError(error));
    return source;
  }

  #fetch(source: BullmqWorker): void {
    source.run().catch((error: unknown) => this.#shared.log.error({ queue: this.queue, err: error }, 'queue stopped'));
  }

  #onError(error: Error): void {
    const { redis, outage, log } = this.#shared;
    // While Redis is away every loop of BullMQ says so, and the outage's own log line says it once.
    if (redis.status !== 'ready' || outage.noteIfOutage(error)) return;
    const { message, at } = this.#lastError;
    if (message === error.message && performance.now() - at < LOG_AGAIN_MS) return;
    this.#lastError = { message: error.message, at: performance.now() };
    log.error({ queue: this.queue, err: error }, 'queue reported an error');
  }

  /** Whether it should be fetching now. */
  #isHungry(): boolean {
    const { active, redis, outage } = this.#shared;
    if (!this.#running || active.draining || redis.status !== 'ready' || outage.present) return false;
    return this.#processor.underWay < this.#concurrency;
  }

  /** Whether the queue holds a job that it could have. */
  async #jobsWait(): Promise<boolean> {
    const { redis, prefix } = this.#shared;
    const { waiting, prioritized, paused } = await countQueue(redis, prefix, this.queue);
    // Delayed jobs that are due become waiting ones only when somebody fetches.
    const { delayed } = queueKeys(prefix, this.queue);
    const due = await redis.zcount(delayed, '-inf', Date.now() * DELAYED_STEPS_PER_MS);
    if (waiting + prioritized + due === 0 || paused) return false;
    // A rate limited queue gives nobody anything until its window is over; one with a global
    // concurrency, until a slot is free.
    return !(await this.#source.isLimited());
  }

  /** Leaves the attempts under way to the old source and fetches with a new one. */
  #restart(): void {
    const { log } = this.#shared;
    log.error({ queue: this.queue }, 'queue was not fetched from although jobs wait; restarting its intake');
    const retired = this.#source.close().finally(() => this.#retired.delete(retired));
    this.#retired.add(retired);
    this.#source = this.#openSource();
    this.#fetch(this.#source);
  }
}
