import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, RedisUnavailable } from '@bullpen/shared';
import {
  countOutstanding,
  countQueue,
  DEFAULT_PREFIX,
  definedJobs,
  Exporter,
  forgetCommand,
  openRedis,
  refusesForNow,
  showRedis,
} from '@bullpen/shared/internal';
import { Observers, type WorkerObserver } from './events/observers.js';
import { buildRegistry } from './handlers/registry.js';
import { ActiveAttempts } from './in-flight/active-attempts.js';
import { Cancellations } from './in-flight/cancellations.js';
import { type DrainSummary, drain } from './in-flight/drain.js';
import { faultOwner } from './in-flight/fault-owner.js';
import { type Health, healthOf } from './in-flight/health.js';
import { Leases } from './in-flight/leases.js';
import { Progress } from './in-flight/progress.js';
import { Recorder } from './in-flight/recorder.js';
import { QueueWorker } from './intake/queue-worker.js';
import { defineScripts } from './redis/commands.js';
import { Outage } from './redis/outage.js';
import { readOptions, type WorkerOptions } from './worker-options.js';

/** A worker that runs. */
export interface RunningWorker {
  /**
   * Resolves when every queue is connected and being fetched from; waits as long as Redis is away.
   * Rejects with `RedisUnavailable` when Redis is there and refuses us (wrong password, no such
   * database, no permission): nothing is attempted then; call `drain` and give up.
   */
  readonly ready: Promise<void>;
  /** The queues served, each with its jobs and concurrency. */
  readonly serves: readonly {
    readonly queue: string;
    readonly jobs: readonly string[];
    readonly concurrency: number;
  }[];
  /** Attempts under way now. */
  readonly active: number;
  /** The ids of their jobs. */
  activeJobIds(): readonly string[];
  /**
   * Stops the intake, lets active attempts finish, aborts what takes longer than `drainTimeout`,
   * hands back what is left after `abortGrace`, closes every connection. Resolves within
   * `drainTimeout + abortGrace + 1 s`, whatever handlers and Redis do, as long as the event loop
   * turns. A second call returns the same promise.
   */
  drain(): Promise<DrainSummary>;
  /** Ends the patience of a drain under way (or of the next one): signals abort now. */
  abortNow(): void;
  /** How this worker is, at this moment. */
  health(): Health;
  /**
   * The slots of each queue: how many it has (`concurrency`), how many are taken, and how many of
   * these by attempts that are stuck.
   */
  slots(): readonly Slots[];
  /**
   * Calls `observer` for all that a worker tells: each attempt that ended, jobs handed back, leases
   * that lapsed or were lost, outages. What it throws is logged, once. Nothing is made for
   * observers while there are none.
   * @returns a function that takes the observer away again
   */
  observe(observer: WorkerObserver): () => void;
  /**
   * Counts the jobs of the queues served, of those that no other process tells of. See `measure`.
   */
  readonly exporter: Pick<Exporter, 'count' | 'holds'>;
  /**
   * For your process's `uncaughtException` and `unhandledRejection` listeners, called in them:
   * finds the attempt whose handler threw an error that nobody caught, in a timer or in a promise
   * it did not await, and fails that attempt. `bullpen-worker` then drains and exits 1; so should
   * you.
   * @returns the job, if the error can be attributed to one, and whether the error is but the
   *   reason of that attempt's own abort: nothing is wrong then
   */
  faultOwner(
    error: unknown,
  ): { readonly job: string; readonly jobId: string; readonly queue: string; readonly isItsAbort: boolean } | undefined;
  /**
   * A last word to Redis, sent at once: give back all jobs of this worker. For a process that
   * somebody else ends in the middle of a drain, in its `exit` listener. A process that ends by a
   * fault of its jobs should not say it: what it leaves behind is counted as a crash, and that is
   * what ends a job that does it again and again.
   */
  handBackAll(): void;
  /**
   * Resolves when the queues served hold nothing that is still to be settled, delayed jobs
   * included.
   */
  untilEmpty(): Promise<void>;
}

/** The slots of a queue. */
export interface Slots {
  readonly queue: string;
  readonly concurrency: number;
  readonly active: number;
  readonly stuck: number;
}

const EMPTY_POLL_MS = 250;
/** How long a Redis that is still loading, say, is left alone. */
const RETRY_MS = 250;

/**
 * Starts a worker in this process: one BullMQ Worker per queue, on one shared connection.
 * @throws HandlersInvalid, OptionsInvalid or ConfigInvalid with every fault, before anything is
 *   opened
 */
export function startWorker(options: WorkerOptions): RunningWorker {
  const settings = readOptions(options);
  const registry = buildRegistry(
    options.handlers,
    definedJobs(),
    settings.queues?.map(({ name }) => name),
  );
  const serves = [...registry].map(([queue, handlers]) => ({
    queue,
    jobs: [...handlers.keys()],
    concurrency: settings.queues?.find(({ name }) => name === queue)?.concurrency ?? settings.concurrency,
  }));

  const { prefix = DEFAULT_PREFIX, redis: address } = options;
  const log = options.logger ?? createLogger();
  const redis = defineScripts(openRedis(address, 'worker', 'bullpen:worker', prefix));
  const where = showRedis(address);
  const observers = new Observers(log);
  const outage = new Outage(redis, where, log, () => observers.tell({ kind: 'outage-began' }));
  let fault: Error | undefined;
  redis.on('error', (error: Error) => {
    fault = error;
  });
  redis.on('ready', () => {
    fault = undefined;
  });
  const active = new ActiveAttempts(({ queue, job, jobId }) => {
    if (observers.any) observers.tell({ kind: 'handed-back', queue, job, jobId });
  });
  const queues = serves.map(({ queue }) => queue);
  const subscriber = openRedis(address, 'worker', 'bullpen:cancellations', prefix);
  const cancellations = new Cancellations(redis, subscriber, prefix, queues, active);
  const { leaseMs, keepCompleted } = settings;
  const leases = new Leases({ redis, prefix, active, leaseMs, outage, log, observers });
  const exporter = new Exporter({ redis, prefix, queues: () => queues });
  const shared = {
    ...{ prefix, redis, active, leases, outage, cancellations, log, observers, leaseMs, keepCompleted },
    progress: new Progress(redis, prefix),
    recorder: new Recorder(leases, outage, log),
  };
  const workers = serves.map(
    ({ queue, concurrency }) => new QueueWorker(queue, registry.get(queue) ?? new Map(), concurrency, shared),
  );
  redis.on('ready', () => {
    for (const worker of workers) worker.handBackLost().catch(() => undefined);
  });
  const abortNow = new AbortController();
  let isReady = false;
  let draining: Promise<DrainSummary> | undefined;

  const handBackAll = (): void => {
    for (const worker of workers) worker.handBackAll().catch(() => undefined);
  };
  const shutDown = async (): Promise<DrainSummary> => {
    const close = () => Promise.all(workers.map((worker) => worker.close()));
    // Another tells of these queues from now on.
    const retired = exporter.close();
    const summary = await drain({ ...settings, close, handBackAll, active, abortNow: abortNow.signal });
    leases.close();
    cancellations.close();
    await retired;
    redis.disconnect();
    return summary;
  };

  /** Asks until Redis can answer. */
  const retryWhileRefused = async (ask: () => Promise<void>): Promise<void> => {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!refusesForNow(error)) throw error;
        outage.noteIfOutage(error);
        await sleep(RETRY_MS);
      }
    }
  };
  const start = async (): Promise<void> => {
    // Cancellations first: a job cancelled while no worker ran must not start now.
    await retryWhileRefused(() => cancellations.load());
    // May we do what a worker does? Refused later on it would be waited for; refused from the start
    // it is somebody's mistake.
    for (const queue of queues) await retryWhileRefused(() => leases.probe(queue));
    if (draining !== undefined) return;
    leases.start();
    await Promise.all(workers.map((worker) => worker.run()));
    isReady = true;
  };
  const ready = start().catch((error: Error) => {
    // An absent Redis is waited for; this one answered, and does not want us (or the drain closed
    // the connection meanwhile).
    forgetCommand(error);
    const cause = fault ?? error;
    throw new RedisUnavailable(`Redis at ${where} refused us: ${cause.message}`, { cause, unanswered: false });
  });
  // A drain before Redis ever answered ends this wait by closing the connection; that is no one's
  // unhandled rejection.
  ready.catch(() => undefined);

  return {
    ready,
    serves,
    get active() {
      return active.size;
    },
    activeJobIds: () => active.jobIds(),
    drain() {
      draining ??= shutDown();
      return draining;
    },
    abortNow: () => abortNow.abort(),
    slots: () => serves.map(({ queue, concurrency }) => ({ queue, concurrency, ...active.slotsOf(queue) })),
    observe: (observer) => observers.add(observer),
    exporter,
    health: () => healthOf({ active, serves, isReady, isDraining: draining !== undefined, redis, outage }),
    faultOwner(error) {
      const found = faultOwner(error);
      if (found === undefined) return undefined;
      const { attempt, isItsAbort } = found;
      return { job: attempt.job, jobId: attempt.jobId, queue: attempt.queue, isItsAbort };
    },
    handBackAll,
    async untilEmpty() {
      const outstanding = async (queue: string) => countOutstanding(await countQueue(redis, prefix, queue));
      for (;;) {
        try {
          const counts = await Promise.all(queues.map(outstanding));
          if (counts.every((count) => count === 0)) return;
        } catch (error) {
          // A Redis that cannot say now how much is left will say it later.
          if (draining === undefined && !outage.noteIfOutage(error)) throw error;
        }
        if (draining !== undefined) return;
        await sleep(EMPTY_POLL_MS);
      }
    },
  };
}
