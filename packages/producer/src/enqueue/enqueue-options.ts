import { type Duration, type Fault, type JobDefinition, OptionsInvalid } from '@bullpen/shared';
import {
  isOptions,
  keyFault,
  MAX_DELAY_MS,
  type OptionTable,
  optionFaults,
  parseDate,
  parseDuration,
  showValue,
} from '@bullpen/shared/internal';
import type { ChunkOptions } from './chunk.js';
import { MAX_PRIORITY } from './max-priority.js';

/** How one job is enqueued. */
export interface EnqueueOptions {
  /**
   * Your own name for the job, 1 to 1,000 characters. When you enqueue the same job definition with
   * the same key again, the answer is `duplicate` as long as the first job holds the key: while it
   * waits or is active, and after it completed for as long as it is kept (`keepCompleted` of the
   * worker, 1 day). A job that failed for good, was cancelled or was removed does not hold its key.
   */
  readonly key?: string | undefined;
  /** How long to wait before the first attempt: `'10m'`. Default 0, at most 10 years. */
  readonly delay?: Duration | undefined;
  /**
   * When the first attempt is due, instead of a `delay`: at most 10 years from now. A `Date` in the
   * past is now: the job waits for nothing.
   */
  readonly at?: Date | undefined;
  /**
   * 1 (first) to 2,097,151 (last). Leave it out for a job without a priority. A queue holds jobs
   * with priorities or jobs without, never both at a time, because jobs without a priority would
   * always go first.
   */
  readonly priority?: number | undefined;
  /**
   * The job does not start any more when this time has passed since it was first due. Waits between
   * attempts and snoozes count. Default: the definition's `expiresIn`.
   */
  readonly expiresIn?: Duration | undefined;
  /**
   * The job does not start after this instant, instead of `expiresIn`. It must be later than when
   * the job is due.
   */
  readonly expiresAt?: Date | undefined;
  /**
   * Add nothing while so many jobs wait on the queue. With a `delay`, delayed jobs count as well.
   * `enqueue` then throws `QueueFull`; `enqueueMany` and `batches.run` wait. Redis decides for
   * each job of `enqueue`, and for a whole chunk of the others, so any number of producers together
   * exceed the limit by one chunk at most.
   * Default: no limit.
   */
  readonly maxWaiting?: number | undefined;
}

/** Redis has no memory for more. */
const MAX_WAITING = 1_000_000_000;

/** The options of `enqueue`. */
export const ENQUEUE_OPTIONS: OptionTable<EnqueueOptions> = {
  ...{ key: true, delay: true, at: true, priority: true, expiresIn: true, expiresAt: true, maxWaiting: true },
};

/**
 * Checks the options of `enqueue` and turns them into numbers.
 * @throws OptionsInvalid with every fault
 */
export function parseEnqueueOptions(job: JobDefinition, options: EnqueueOptions): ChunkOptions {
  const faults = optionFaults(options, ENQUEUE_OPTIONS, 'enqueue');
  const given = isOptions(options) ? options : {};
  const wrongKey = given.key === undefined ? undefined : keyFault(given.key);
  if (wrongKey !== undefined) faults.push({ path: 'key', reason: wrongKey });
  const parsed = parseSharedOptions(given, faults);
  if (faults.length > 0) throw new OptionsInvalid(`cannot enqueue ${job.name}`, faults);
  return parsed;
}

/**
 * Turns the options that `enqueue`, `enqueueMany` and `batches.run` have in common into numbers.
 * @param faults gets every fault; with one of them the answer means nothing
 */
export function parseSharedOptions(given: Omit<EnqueueOptions, 'key'>, faults: Fault[]): ChunkOptions {
  const { priority, maxWaiting } = given;
  if (isPlain(given)) return PLAIN;
  if (priority !== undefined) faults.push(...priorityFaults(priority));
  if (maxWaiting !== undefined) faults.push(...countFaults('maxWaiting', maxWaiting, MAX_WAITING));
  const start = readStart(given, faults);
  const expiry = readExpiry(given, faults);
  if (faults.length === 0) faults.push(...expiryFaults(start.dueAt, expiry.expiresAt));
  return { ...start, ...expiry, priority: priority ?? 0, maxWaiting };
}

/** What most calls come to, which give no option, or only a key. */
const PLAIN: ChunkOptions = { delayMs: 0, expiresAt: undefined, priority: 0, maxWaiting: undefined };

const isPlain = ({ delay, at, priority, expiresIn, expiresAt, maxWaiting }: EnqueueOptions): boolean =>
  [delay, at, priority, expiresIn, expiresAt, maxWaiting].every((option) => option === undefined);

function readStart({ delay, at }: EnqueueOptions, faults: Fault[]): { delayMs: number; dueAt?: number } {
  if (delay !== undefined && at !== undefined) faults.push({ path: 'at', reason: 'give either a delay or a time' });
  const delayMs = parseDuration(delay === undefined ? 0 : delay);
  if (typeof delayMs === 'string') faults.push({ path: 'delay', reason: delayMs });
  else if (delayMs > MAX_DELAY_MS) faults.push({ path: 'delay', reason: 'expected at most 10 years' });
  if (at === undefined) return { delayMs: Number(delayMs) };
  const dueAt = parseDate(at);
  if (typeof dueAt === 'string') faults.push({ path: 'at', reason: dueAt });
  // The host's clock is good enough for a bound of ten years.
  else if (dueAt > Date.now() + MAX_DELAY_MS) faults.push({ path: 'at', reason: 'expected at most 10 years from now' });
  return { delayMs: 0, dueAt: Number(dueAt) };
}

function readExpiry({ expiresIn, expiresAt }: EnqueueOptions, faults: Fault[]) {
  if (expiresIn !== undefined && expiresAt !== undefined) {
    faults.push({ path: 'expiresAt', reason: 'give either a duration or a time' });
  }
  const expiresInMs = expiresIn === undefined ? undefined : parseDuration(expiresIn);
  if (typeof expiresInMs === 'string') faults.push({ path: 'expiresIn', reason: expiresInMs });
  else if (expiresInMs === 0)
    faults.push({ path: 'expiresIn', reason: `expected at least 1ms, got ${showValue(expiresIn)}` });
  const expiry = expiresAt === undefined ? undefined : parseDate(expiresAt);
  if (typeof expiry === 'string') faults.push({ path: 'expiresAt', reason: expiry });
  return {
    expiresAt: expiry === undefined ? undefined : Number(expiry),
    ...(expiresInMs === undefined ? {} : { expiresInMs: Number(expiresInMs) }),
  };
}

/**
 * The fault of options whose job would never start, by the clock of Redis.
 * @param now what time it is by Redis' clock
 * @throws OptionsInvalid
 */
export function checkExpiry(job: JobDefinition, { delayMs, dueAt, expiresAt }: ChunkOptions, now: number): void {
  const hasPassed = expiresAt !== undefined && expiresAt <= now;
  const faults = hasPassed
    ? [{ path: 'expiresAt', reason: `has passed already (${new Date(expiresAt).toISOString()})` }]
    : expiryFaults(dueAt ?? now + delayMs, expiresAt);
  if (faults.length > 0) throw new OptionsInvalid(`cannot enqueue ${job.name}`, faults);
}

/** A job that expires before it is due would never start. */
function expiryFaults(dueAt: number | undefined, expiresAt: number | undefined): Fault[] {
  if (expiresAt === undefined || dueAt === undefined || expiresAt > dueAt) return [];
  const [expires, due] = [expiresAt, dueAt].map((at) => new Date(at).toISOString());
  return [{ path: 'expiresAt', reason: `expected an instant after the job is due (${due}), got ${expires}` }];
}

function priorityFaults(priority: unknown): Fault[] {
  // BullMQ takes 0 for "no priority", so people write it.
  if (priority === 0) return [{ path: 'priority', reason: 'expected 1 or more; leave it out for no priority' }];
  return countFaults('priority', priority, MAX_PRIORITY);
}

/**
 * The fault of an option that must be a whole number from 1 to `most`; an empty list without one.
 */
export function countFaults(path: string, value: unknown, most: number): Fault[] {
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most) return [];
  return [{ path, reason: `expected a whole number from 1 to ${most}, got ${showValue(value)}` }];
}

/** The fault of an option that ends a wait; an empty list without one. */
export function signalFaults(signal: unknown): Fault[] {
  // Checks what is used, not the class: it may be of another realm or library.
  const { aborted, addEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  const isOne = typeof aborted === 'boolean' && typeof addEventListener === 'function';
  if (signal === undefined || isOne) return [];
  return [{ path: 'signal', reason: `expected an AbortSignal, got ${showValue(signal)}` }];
}

/** @throws OptionsInvalid when the key is not allowed */
export function checkKey(job: JobDefinition, key: unknown): void {
  const reason = keyFault(key);
  if (reason !== undefined) throw new OptionsInvalid(`cannot enqueue ${job.name}`, [{ path: 'key', reason }]);
}
