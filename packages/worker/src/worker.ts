import { setTimeout as sleep } from 'node:timers/promises';
import {
  countOutstanding,
  countQueue,
  createLogger,
  DEFAULT_PREFIX,
  type Duration,
  definedJobs,
  type Fault,
  type Logger,
  MAX_TIMER_MS,
  OptionsInvalid,
  openRedis,
  parseDuration,
  prefixFault,
  type Redis,
  type RedisAddress,
  showRedis,
} from '@bullpen/shared';
import { ActiveAttempts } from './active-attempts.js';
import { Books } from './books.js';
import { Cancellations } from './cancellations.js';
import { type DrainSummary, drain } from './drain.js';
import type { Handler } from './handler.js';
import { QueueWorker } from './queue-worker.js';
import { buildRegistry } from './registry.js';

/** Options of {@link startWorker}. */
export interface WorkerOptions {
  /** What `handle()` returned, for every job defined on the queues served. */
  readonly handlers: readonly Handler[];
  /** `redis://…` or `rediss://…`, or that with TLS options. */
  readonly redis: RedisAddress;
  /** The first part of every key on Redis. Default `'bullpen'`. */
  readonly prefix?: string;
  /** Serve these queues alone, each with its own concurrency if it says so. Default: every queue of the handlers. */
  readonly queues?: readonly QueueOption[];
  /** Attempts at once, per queue: 1 to 10,000. Default 20. */
  readonly concurrency?: number;
  /** How long active attempts may go on in a drain. Default `'25s'`. */
  readonly drainTimeout?: Duration;
  /** How long after that handlers may take to heed their signal. Default `'3s'`. */
  readonly abortGrace?: Duration;
  /** How many completed jobs a queue keeps, and for how long; a key stays taken as long. Default 10,000 and `'1d'`. Failed jobs are always kept. */
  readonly keepCompleted?: { readonly count?: number; readonly age?: Duration };
  /** Default: a new one, JSON in a pipe and readable on a terminal. */
  readonly logger?: Logger;
}

/** A queue to serve, and how many of its attempts at once. */
export interface QueueOption {
  readonly name: string;
  readonly concurrency?: number;
}

/** A worker that runs. */
export interface RunningWorker {
  /** Resolves when every queue is connected and being fetched from; waits as long as Redis is away. */
  readonly ready: Promise<void>;
  /** The queues served, each with its jobs and concurrency. */
  readonly serves: readonly {
    readonly queue: string;
    readonly jobs: readonly string[];
    readonly concurrency: number;
  }[];
  /** Attempts under way now. */
  readonly active: number;
  /**
   * Stops the intake, lets active attempts finish, aborts what takes longer than `drainTimeout`, hands back what is left after `abortGrace`, closes every
   * connection. Resolves within `drainTimeout + abortGrace + 2 s`, whatever handlers and Redis do. A second call returns the same promise.
   */
  drain(): Promise<DrainSummary>;
  /** Ends the patience of a drain under way (or of the next one): signals abort now. */
  hurry(): void;
  /** Resolves when the queues served hold nothing that is still to be settled, delayed jobs included. */
  untilEmpty(): Promise<void>;
}

const EMPTY_POLL_MS = 250;

/**
 * Starts a worker in this process: one BullMQ Worker per queue, on one shared connection.
 * @throws HandlersInvalid, OptionsInvalid or ConfigInvalid with every fault, before anything is opened
 */
export function startWorker(options: WorkerOptions): RunningWorker {
  const settings = readOptions(options);
  const registry = buildRegistry(
    options.handlers,
    definedJobs(),
    options.queues?.map(({ name }) => name),
  );
  const serves = [...registry].map(([queue, handlers]) => ({
    queue,
    jobs: [...handlers.keys()],
    concurrency: options.queues?.find(({ name }) => name === queue)?.concurrency ?? settings.concurrency,
  }));

  const { prefix = DEFAULT_PREFIX, redis: address } = options;
  const log = options.logger ?? createLogger();
  const redis = openRedis(address, 'worker', 'bullpen:worker');
  logConnection(redis, showRedis(address), log);
  const active = new ActiveAttempts();
  const queues = serves.map(({ queue }) => queue);
  const subscriber = openRedis(address, 'worker', 'bullpen:cancellations');
  const cancellations = new Cancellations(redis, subscriber, prefix, queues, active);
  const shared = {
    ...{ prefix, redis, active, cancellations, log, keepCompleted: settings.keepCompleted },
    books: new Books(redis, prefix),
  };
  const workers = serves.map(
    ({ queue, concurrency }) => new QueueWorker(queue, registry.get(queue) ?? new Map(), concurrency, shared),
  );
  const hurry = new AbortController();
  let draining: Promise<DrainSummary> | undefined;

  const shutDown = async (): Promise<DrainSummary> => {
    const close = () => Promise.all(workers.map((worker) => worker.close()));
    const summary = await drain({ ...settings, close, active, hurry: hurry.signal });
    cancellations.close();
    redis.disconnect();
    return summary;
  };

  // Cancellations first: a job cancelled while no worker ran must not start now.
  const ready = cancellations.load().then(async () => {
    if (draining === undefined) await Promise.all(workers.map((worker) => worker.run()));
  });
  // A drain before Redis ever answered ends this wait by closing the connection; that is no one's unhandled rejection.
  ready.catch(() => undefined);

  return {
    ready,
    serves,
    get active() {
      return active.size;
    },
    drain() {
      draining ??= shutDown();
      return draining;
    },
    hurry: () => hurry.abort(),
    async untilEmpty() {
      const outstanding = async (queue: string) => countOutstanding(await countQueue(redis, prefix, queue));
      for (;;) {
        const counts = await Promise.all(queues.map(outstanding));
        if (draining !== undefined || counts.every((count) => count === 0)) return;
        await sleep(EMPTY_POLL_MS);
      }
    },
  };
}

const MOST_CONCURRENCY = 10_000;

function readOptions(options: WorkerOptions) {
  const faults: Fault[] = [];
  const duration = (path: string, value: unknown): number => {
    const ms = parseDuration(value);
    if (typeof ms === 'string') faults.push({ path, reason: ms });
    else if (ms > MAX_TIMER_MS) faults.push({ path, reason: 'expected at most 24 days' });
    return typeof ms === 'string' ? 0 : ms;
  };
  const count = (path: string, value: number, most: number): number => {
    if (!Number.isInteger(value) || value < 1 || value > most) {
      faults.push({ path, reason: `expected a whole number from 1 to ${most}, got ${String(value)}` });
    }
    return value;
  };
  const wrongPrefix = prefixFault(options.prefix ?? DEFAULT_PREFIX);
  if (wrongPrefix !== undefined) faults.push({ path: 'prefix', reason: wrongPrefix });
  const { keepCompleted, drainTimeout = '25s', abortGrace = '3s', concurrency = 20, queues = [] } = options;
  for (const queue of queues) {
    if (queue.concurrency !== undefined) count(`queues.${queue.name}.concurrency`, queue.concurrency, MOST_CONCURRENCY);
  }
  const settings = {
    drainTimeoutMs: duration('drainTimeout', drainTimeout),
    abortGraceMs: duration('abortGrace', abortGrace),
    concurrency: count('concurrency', concurrency, MOST_CONCURRENCY),
    keepCompleted: {
      count: count('keepCompleted.count', keepCompleted?.count ?? 10_000, Number.MAX_SAFE_INTEGER),
      // BullMQ counts this one in seconds.
      age: Math.ceil(duration('keepCompleted.age', keepCompleted?.age ?? '1d') / 1000),
    },
  };
  if (faults.length > 0) throw new OptionsInvalid('cannot start the worker', faults);
  return settings;
}

/** One line when Redis goes and one when it comes back, however many commands fail in between. */
function logConnection(redis: Redis, address: string, log: Logger): void {
  let away = false;
  redis.on('error', (error: Error) => {
    if (!away) log.warn({ redis: address, err: error }, 'redis is unavailable; retrying');
    away = true;
  });
  redis.on('close', () => {
    if (!away && redis.status !== 'end') log.warn({ redis: address }, 'redis connection was lost; retrying');
    away = true;
  });
  redis.on('ready', () => {
    if (away) log.info({ redis: address }, 'redis is available');
    away = false;
  });
}
