import { type Fault, type Logger, OptionsInvalid } from '@bullpen/shared';
import {
  DEFAULT_PREFIX,
  eventsFaults,
  isOptions,
  type OptionTable,
  optionFaults,
  parseDuration,
  parseTimerDuration,
  prefixFault,
  showValue,
} from '@bullpen/shared/internal';
import type { KeptJobs } from './in-flight/kept-jobs.js';
import {
  DEFAULTS,
  type KeepOption,
  MAX_CONCURRENCY,
  MIN_LEASE_MS,
  type QueueOption,
  type WorkerOptions,
} from './worker-options.js';

const OPTIONS: OptionTable<WorkerOptions> = {
  ...{ handlers: true, redis: true, prefix: true, queues: true, concurrency: true, drainTimeout: true },
  ...{ abortGrace: true, lease: true, keepCompleted: true, keepFailed: true, events: true, fetchAhead: true },
  logger: true,
  queue: 'write queues, a list of names',
};
const QUEUE_OPTIONS: OptionTable<QueueOption> = { name: true, concurrency: true, queue: 'write name' };
const KEEP_OPTIONS: OptionTable<KeepOption> = { count: true, age: true };

/**
 * Reads the options: durations as milliseconds, with defaults, within bounds.
 * @throws OptionsInvalid with every fault
 */
export function readOptions(options: WorkerOptions) {
  const faults = optionFaults(options, OPTIONS, 'startWorker');
  // Without an object nothing else can be read.
  if (!isOptions(options)) throw new OptionsInvalid('cannot start the worker', faults);
  const duration = (path: string, value: unknown): number => {
    const ms = parseTimerDuration(value);
    if (typeof ms === 'string') faults.push({ path, reason: ms });
    return typeof ms === 'string' ? 0 : ms;
  };
  const count = (path: string, value: number, most: number): number => {
    if (!Number.isInteger(value) || value < 1 || value > most) {
      faults.push({ path, reason: `expected a whole number from 1 to ${most}, got ${showValue(value)}` });
    }
    return value;
  };
  /** What this worker was told to keep; nothing for what it was not told. */
  const keepOf = (name: 'keepCompleted' | 'keepFailed', option: KeepOption = {}): Partial<KeptJobs> => {
    faults.push(...optionFaults(option, KEEP_OPTIONS, name, name));
    if (!isOptions(option)) return {};
    const ms = option.age === undefined ? undefined : parseDuration(option.age);
    if (ms !== undefined && !(Number(ms) >= 1_000))
      faults.push({
        path: `${name}.age`,
        reason: typeof ms === 'string' ? ms : `expected at least 1s, got ${showValue(option.age)}`,
      });
    return {
      ...(option.count === undefined ? {} : { [name]: count(`${name}.count`, option.count, Number.MAX_SAFE_INTEGER) }),
      ...(ms === undefined ? {} : { [`${name}For`]: Number(ms) }),
    };
  };
  const { prefix = DEFAULT_PREFIX, keepCompleted, keepFailed, events, logger, fetchAhead = true } = options;
  const { drainTimeout = DEFAULTS.drainTimeout, abortGrace = DEFAULTS.abortGrace } = options;
  const { lease = DEFAULTS.lease, concurrency = DEFAULTS.concurrency } = options;
  const wrongPrefix = prefixFault(prefix);
  if (wrongPrefix !== undefined) faults.push({ path: 'prefix', reason: wrongPrefix });
  const leaseMs = duration('lease', lease);
  if (leaseMs < MIN_LEASE_MS && !faults.some(({ path }) => path === 'lease'))
    faults.push({ path: 'lease', reason: `expected at least 1s, got ${showValue(lease)}` });
  const queues = readQueues(options.queues, faults);
  for (const { name, concurrency } of queues ?? []) {
    if (concurrency !== undefined) count(`queues.${name}.concurrency`, concurrency, MAX_CONCURRENCY);
  }
  faults.push(...eventsFaults(events));
  if (typeof fetchAhead !== 'boolean')
    faults.push({ path: 'fetchAhead', reason: `expected true or false, got ${showValue(fetchAhead)}` });
  if (logger !== undefined) faults.push(...loggerFaults(logger));
  const settings = {
    prefix,
    queues,
    drainTimeoutMs: duration('drainTimeout', drainTimeout),
    abortGraceMs: duration('abortGrace', abortGrace),
    leaseMs,
    fetchAhead,
    concurrency: count('concurrency', concurrency, MAX_CONCURRENCY),
    kept: {
      ...keepOf('keepCompleted', keepCompleted),
      ...keepOf('keepFailed', keepFailed),
    } satisfies Partial<KeptJobs>,
    events,
  };
  if (faults.length > 0) throw new OptionsInvalid('cannot start the worker', faults);
  return settings;
}

/** The queues that were named, each with its options. */
function readQueues(queues: unknown, faults: Fault[]): readonly QueueOption[] | undefined {
  if (queues === undefined) return undefined;
  const fault = (reason: string): void => void faults.push({ path: 'queues', reason });
  if (!Array.isArray(queues) || queues.length === 0) {
    const got = Array.isArray(queues) ? 'an empty one' : showValue(queues);
    fault(`expected a list of queues such as ['mail', { name: 'images', concurrency: 2 }], got ${got}`);
    return undefined;
  }
  const read: QueueOption[] = [];
  for (const queue of queues as readonly unknown[]) {
    const option = (typeof queue === 'string' ? { name: queue } : queue) as QueueOption;
    faults.push(...optionFaults(option, QUEUE_OPTIONS, 'a queue', 'queues'));
    if (!isOptions(option)) continue;
    const { name }: { name: unknown } = option;
    if (typeof name !== 'string') fault(`expected the name of a queue, got ${showValue(name)}`);
    else if (read.some((other) => other.name === name)) fault(`'${name}' is there twice`);
    read.push(option);
  }
  return read;
}

/** What a worker and its handlers call. */
const LOGGER_METHODS = [
  'child',
  'isLevelEnabled',
  'debug',
  'info',
  'warn',
  'error',
] as const satisfies readonly (keyof Logger)[];

function loggerFaults(logger: unknown): Fault[] {
  const methods = (logger ?? {}) as Partial<Record<(typeof LOGGER_METHODS)[number], unknown>>;
  if (LOGGER_METHODS.every((method) => typeof methods[method] === 'function')) return [];
  const reason = `expected a pino logger, such as createLogger() returns, got ${showValue(logger)}`;
  return [{ path: 'logger', reason }];
}
