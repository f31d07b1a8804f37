import type { Duration, EventsOption, Logger, RedisAddress } from '@bullpen/shared';
import type { AnyHandler } from './handlers/handler.js';

/** Options of `startWorker`. */
export interface WorkerOptions {
  /**
   * What `handle()` or `handleMany()` returned. Every job that is defined in this process on a
   * queue of this worker needs a handler.
   */
  readonly handlers: readonly AnyHandler[];
  /**
   * The address of Redis: `redis://…`, `rediss://…`, `redis+sentinel://…` or `redis+cluster://…`,
   * as text or together with TLS options.
   */
  readonly redis: RedisAddress;
  /** The first part of every key on Redis. Default `'bullpen'`. */
  readonly prefix?: string | undefined;
  /**
   * Serve only these queues, by name, or each with its own concurrency. Default: every queue of the
   * handlers.
   */
  readonly queues?: readonly (string | QueueOption)[] | undefined;
  /** How many attempts run at once, per queue: 1 to 10,000. Default 20. */
  readonly concurrency?: number | undefined;
  /** How long active attempts may go on in a drain before their signals abort. Default `'25s'`. */
  readonly drainTimeout?: Duration | undefined;
  /**
   * How long handlers may take after their signal aborted, before their jobs are handed back.
   * Default `'3s'`.
   */
  readonly abortGrace?: Duration | undefined;
  /**
   * How long this worker's right to a job lasts unless it is renewed; at least 1 s. Default
   * `'10s'`. The jobs of a killed worker start again within 1.5 times this. A worker whose event
   * loop stands still for longer loses its jobs to other workers.
   */
  readonly lease?: Duration | undefined;
  /**
   * How many completed jobs each queue keeps, and for how long. Default 10,000 and `'1d'`. The key
   * of a completed job is free again when the job is removed. The value counts for all workers of
   * the queue, also those that were not given one; of different values, that of the worker that
   * started last.
   */
  readonly keepCompleted?: KeepOption | undefined;
  /**
   * The same for failed jobs. Default 100,000 and `'30d'`. A failed job does not hold its key. What
   * is removed is counted, and a warning in the log says so.
   */
  readonly keepFailed?: KeepOption | undefined;
  /**
   * Which events the queues tell to `QueueEvents` of BullMQ: `'all'`, `'ends'` or `'none'`, for all
   * queues of this worker or by queue, such as `{ mails: 'all' }`. Default: as the queue was told by
   * others, or `'ends'`. The value counts for all producers and workers of the queue; of different
   * values, that of the process that started last.
   */
  readonly events?: EventsOption | undefined;
  /**
   * Whether a worker may fetch jobs before it has a slot for them. Default `true`. Only jobs whose
   * handlers have been quick (2 ms or less) are fetched ahead, and never more than it does in 20 ms. A
   * process that is killed then repeats what it had in hand, at most `concurrency` jobs, and what ended
   * within 5 ms and was on its way to Redis. With `false` a job begins when Redis has the end of the
   * one before it in its slot, and what ended is not repeated. Rows of batches always begin so.
   */
  readonly fetchAhead?: boolean | undefined;
  /** Where it logs. Default: to stdout, JSON to a pipe and readable lines to a terminal. */
  readonly logger?: Logger | undefined;
}

/**
 * How many finished jobs each queue keeps.
 * @example
 * startWorker({ handlers, redis, keepFailed: { count: 5_000, age: '90d' } });
 */
export interface KeepOption {
  /** How many, at least 1. */
  readonly count?: number | undefined;
  /** For how long, at least `'1s'`. */
  readonly age?: Duration | undefined;
}

/** A queue to serve, and how many of its attempts run at once. */
export interface QueueOption {
  /** The name of the queue. */
  readonly name: string;
  /** How many of its attempts run at once: 1 to 10,000. Default: as for the other queues. */
  readonly concurrency?: number | undefined;
}

/** The defaults of a worker. */
export const DEFAULTS = { drainTimeout: '25s', abortGrace: '3s', lease: '10s', concurrency: 20 } as const;

/**
 * The shortest lease. A shorter one would be lost in an ordinary pause of Redis or of an event
 * loop.
 */
export const MIN_LEASE_MS = 1_000;

/** The most attempts at once on one queue. */
export const MAX_CONCURRENCY = 10_000;
