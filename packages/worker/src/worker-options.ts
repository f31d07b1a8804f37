import { type Duration, type Fault, type Logger, OptionsInvalid, type RedisAddress } from '@bullpen/shared';
import { DEFAULT_PREFIX, parseTimerDuration, prefixFault } from '@bullpen/shared/internal';
import type { Handler } from './handlers/handler.js';

/** Options of `startWorker`. */
export interface WorkerOptions {
  /** What `handle()` returned, for every job defined on the queues served. */
  readonly handlers: readonly Handler[];
  /**
   * `redis://…`, `rediss://…`, `redis+sentinel://…` or `redis+cluster://…`, or that with TLS
   * options.
   */
  readonly redis: RedisAddress;
  /** The first part of every key on Redis. Default `'bullpen'`. */
  readonly prefix?: string;
  /**
   * Serve these queues alone, by name or each with its own concurrency. Default: every queue of the
   * handlers.
   */
  readonly queues?: readonly (string | QueueOption)[];
  /** Attempts at once, per queue: 1 to 10,000. Default 20. */
  readonly concurrency?: number;
  /** How long active attempts may go on in a drain. Default `'25s'`. */
  readonly drainTimeout?: Duration;
  /** How long after that handlers may take to heed their signal. Default `'3s'`. */
  readonly abortGrace?: Duration;
  /**
   * How long this worker's right to a job lasts without being renewed; at least 1 s. Default
   * `'10s'`. Jobs of a killed worker start again within 1.5 times this; a worker whose event loop
   * stands still for longer loses its jobs to others.
   */
  readonly lease?: Duration;
  /**
   * How many completed jobs a queue keeps, and for how long; a key stays taken as long. Default
   * 10,000 and `'1d'`. Failed jobs are always kept.
   */
  readonly keepCompleted?: { readonly count?: number; readonly age?: Duration };
  /** Default: a new one, JSON in a pipe and readable on a terminal. */
  readonly logger?: Logger;
}

/** A queue to serve, and how many of its attempts at once. */
export interface QueueOption {
  readonly name: string;
  readonly concurrency?: number;
}

/** What a worker does unless told otherwise. */
export const DEFAULTS = { drainTimeout: '25s', abortGrace: '3s', lease: '10s', concurrency: 20 } as const;

/** A lease cannot be shorter: Redis and event loops do hiccup. */
export const MIN_LEASE_MS = 1_000;

/** The most attempts at once on one queue. */
export const MAX_CONCURRENCY = 10_000;

/**
 * Reads what is not as it stands: durations into milliseconds, defaults, bounds.
 * @throws OptionsInvalid with every fault
 */
export function readOptions(options: WorkerOptions) {
  const faults: Fault[] = [];
  const duration = (path: string, value: unknown): number => {
    const ms = parseTimerDuration(value);
    if (typeof ms === 'string') faults.push({ path, reason: ms });
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
  const { keepCompleted, drainTimeout, abortGrace, lease, concurrency } = { ...DEFAULTS, ...given(options) };
  const leaseMs = duration('lease', lease);
  if (leaseMs < MIN_LEASE_MS && !faults.some(({ path }) => path === 'lease'))
    faults.push({ path: 'lease', reason: `must be at least ${MIN_LEASE_MS} ms` });
  const queues = options.queues?.map((queue) => (typeof queue === 'string' ? { name: queue } : queue)) as
    | readonly QueueOption[]
    | undefined;
  for (const queue of queues ?? []) {
    if (queue.concurrency !== undefined) count(`queues.${queue.name}.concurrency`, queue.concurrency, MAX_CONCURRENCY);
  }
  const settings = {
    queues,
    drainTimeoutMs: duration('drainTimeout', drainTimeout),
    abortGraceMs: duration('abortGrace', abortGrace),
    leaseMs,
    concurrency: count('concurrency', concurrency, MAX_CONCURRENCY),
    keepCompleted: {
      count: count('keepCompleted.count', keepCompleted?.count ?? 10_000, Number.MAX_SAFE_INTEGER),
      // BullMQ counts this one in seconds.
      age: Math.ceil(duration('keepCompleted.age', keepCompleted?.age ?? '1d') / 1000),
    },
  };
  if (faults.length > 0) throw new OptionsInvalid('cannot start the worker', faults);
  return settings;
}

/** The options that are there: an `undefined` in one means the default, too. */
function given(options: WorkerOptions): WorkerOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
