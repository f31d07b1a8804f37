import { countQueue, DELAYED_STEPS_PER_MS, queueKeys } from '@bullpen/shared/internal';
import { BullmqWorker } from '../bullmq/bullmq-worker.js';
import { MalformedJobs } from '../bullmq/malformed-jobs.js';
import { TurnCalls } from '../bullmq/turn-calls.js';
import type { AnyHandler } from '../handlers/handler.js';
import { stallCheckMs } from '../in-flight/stall-check.js';
import type { WorkerDeps } from '../in-flight/worker-deps.js';
import { LOOK_EVERY_MS } from '../redis/look-timer.js';
import { FetchWatch } from './fetch-watch.js';
import { Gate } from './gate.js';
import { LostFetches } from './lost-fetches.js';
import { Processor } from './processor.js';

/**
 * An idle worker asks for jobs each time that it looks. After four times that we see whether it still
 * works.
 */
const RESTART_AFTER_MS = 4 * LOOK_EVERY_MS;

/** How often the same error of a queue is logged. BullMQ may emit it twice a second. */
const LOG_AGAIN_MS = 60_000;

/**
 * One queue of a worker: fetches its jobs, gives them to its processor, and restarts the fetching
 * if it stops.
 */
export class QueueWorker {
  readonly queue: string;
  readonly #concurrency: number;
  readonly #worker: WorkerDeps;
  readonly #processor: Processor;
  readonly #lostFetches: LostFetches;
  readonly #watch: FetchWatch;
  #source: BullmqWorker;
  /** Sources that were replaced, until their last attempt is over. */
  readonly #retired = new Set<Promise<void>>();
  #running = false;
  #lastError = { message: '', at: 0 };

  constructor(queue: string, handlers: ReadonlyMap<string, AnyHandler>, concurrency: number, worker: WorkerDeps) {
    this.queue = queue;
    this.#concurrency = concurrency;
    this.#worker = worker;
    const { name, prefix, redis, active, leases, leaseMs, log } = worker;
    const lostFetches = new LostFetches({ prefix, redis, queue, leaseMs, log, name, active });
    const gate = new Gate({ active, leases, lostFetches, leaseMs, log });
    this.#lostFetches = lostFetches;
    this.#watch = new FetchWatch({
      restartAfterMs: RESTART_AFTER_MS,
      shouldFetch: () => this.#shouldFetch(),
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
      worker,
    });
    this.#source = this.#openSource();
  }

  /** Starts fetching. Resolves when it is connected. */
  async run(): Promise<void> {
    this.#running = true;
    this.#fetch(this.#source);
    await this.#source.waitUntilReady();
  }

  /** Stops fetching. Resolves when the last end is recorded. Has no time limit; `drain` has. */
  async close(): Promise<void> {
    this.#watch.close();
    await Promise.all([this.#source.close(), ...this.#retired]);
  }

  /** Hands back jobs whose reply was lost. Call it when a lost connection is back. */
  async handBackLost(): Promise<void> {
    if (this.#running) await this.#lostFetches.handBackLost();
  }

  /** Sends Redis the last word: hands back all jobs that this worker has. */
  async handBackAll(): Promise<void> {
    if (this.#running) await this.#lostFetches.handBackAll();
  }

  #openSource(): BullmqWorker {
    const { name, redis, clock, prefix, leaseMs, leases, settings, retention, log, fetchAhead } = this.#worker;
    const { outage, connections, recorder, stallCheck } = this.#worker;
    const { queue } = this;
    const concurrency = this.#concurrency;
    const source = new BullmqWorker(
      queue,
      {
        ...{ connection: redis, prefix, name, concurrency, lockDuration: leaseMs },
        stalledInterval: stallCheckMs(leaseMs),
      },
      {
        ...{
          redis,
          clock,
          leases,
          settings,
          retention,
          outage,
          connections,
          recorder,
          stallCheck,
          taker: this.#processor,
        },
        turns: new TurnCalls({ redis, prefix, queue, leaseMs, name, retention }),
        ahead: fetchAhead?.forQueue(),
        malformedJobs: new MalformedJobs({ redis, prefix, queue, log }),
      },
    );
    source.on('error', (error) => this.#onError(error));
    return source;
  }

  #fetch(source: BullmqWorker): void {
    source
      .run()
      .catch((error: unknown) =>
        this.#worker.log.error({ queue: this.queue, err: error }, 'intake of the queue stopped'),
      );
  }

  #onError(error: Error): void {
    const { redis, outage, log } = this.#worker;
    // While Redis is away, each of BullMQ's loops reports it. The outage logs it once.
    if (redis.status !== 'ready' || outage.noteIfOutage(error)) return;
    const { message, at } = this.#lastError;
    if (message === error.message && performance.now() - at < LOG_AGAIN_MS) return;
    this.#lastError = { message: error.message, at: performance.now() };
    log.error({ queue: this.queue, err: error }, 'queue reported an error');
  }

  /** Whether it should fetch now: it runs, Redis is there, a slot is free, and no job is attempted alone. */
  #shouldFetch(): boolean {
    const { active, redis, outage, trials } = this.#worker;
    if (!this.#running || active.draining || redis.status !== 'ready' || outage.present || trials.isAlone) return false;
    return this.#processor.underWay < this.#concurrency;
  }

  /** Whether the queue holds a job that this worker could have. */
  async #jobsWait(): Promise<boolean> {
    const { redis, prefix, clock } = this.#worker;
    const { waiting, prioritized, paused } = await countQueue(redis, prefix, this.queue);
    // A delayed job that is due becomes a waiting job only when somebody fetches.
    const { delayed } = queueKeys(prefix, this.queue);
    const due = await redis.zcount(delayed, '-inf', clock.at() * DELAYED_STEPS_PER_MS);
    if (waiting + prioritized + due === 0 || paused) return false;
    // A rate limit keeps jobs from everybody until its window ends, a global concurrency until a
    // slot is free.
    return !(await this.#source.isLimited());
  }

  /** Fetches with a new source. The old source keeps its active attempts. */
  #restart(): void {
    const { log } = this.#worker;
    log.error({ queue: this.queue }, 'no job was fetched although jobs wait; restarting the intake of the queue');
    const retired = this.#source.close().finally(() => this.#retired.delete(retired));
    this.#retired.add(retired);
    this.#source = this.#openSource();
    this.#fetch(this.#source);
  }
}
