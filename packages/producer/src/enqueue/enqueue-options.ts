import { type Duration, type Fault, type JobDefinition, OptionsInvalid } from '@bullpen/shared';
import { isInstant, keyFault, parseDuration, showValue } from '@bullpen/shared/internal';
import type { ChunkOptions } from './chunk.js';

/** How one job is enqueued. */
export interface EnqueueOptions {
  /**
   * Your own name for the job, 1 to 1,000 characters. When you enqueue the same job definition with
   * the same key again, the answer is `duplicate` as long as the first job holds the key: while it
   * waits or is active, and after it completed for as long as it is kept (`keepCompleted` of the
   * worker, 1 day). A job that failed for good, was cancelled or was removed does not hold its key.
   */
  readonly key?: string;
  /** How long to wait before the first attempt. Default 0, at most 10 years. */
  readonly delay?: Duration;
  /**
   * 1 (first) to 2,097,151 (last). Default: no priority. A queue holds jobs with priorities or jobs
   * without, never both at a time, because jobs without a priority would always go first.
   */
  readonly priority?: number;
  /**
   * The job must not start after this instant: a `Date`, or milliseconds since 1970. Default: the
   * definition's `expiresIn` after the job is due.
   */
  readonly expiresAt?: Date | number;
  /**
   * Add nothing while so many jobs wait on the queue. With a `delay`, delayed jobs count as well.
   * `enqueue` then throws `QueueFull`; `enqueueMany` and `batch` wait. Redis decides for a whole
   * chunk, so any number of producers together exceed the limit by one chunk at most. Default: no
   * limit.
   */
  readonly maxWaiting?: number;
}

/**
 * BullMQ orders jobs by `priority × 2^32 + counter`. This number must stay exact in a double.
 */
const MAX_PRIORITY = 2 ** 21 - 1;
/** Redis has no memory for more. */
const MAX_WAITING = 1_000_000_000;
const MAX_DELAY_MS = 10 * 365 * 24 * 60 * 60 * 1000;

/**
 * Checks the options of a call and turns them into numbers.
 * @throws OptionsInvalid with every fault
 */
export function parseEnqueueOptions(
  job: JobDefinition,
  { key, delay = 0, priority = 0, expiresAt, maxWaiting }: EnqueueOptions,
  now: number,
): ChunkOptions {
  const faults: Fault[] = [];
  const wrongKey = key === undefined ? undefined : keyFault(key);
  if (wrongKey !== undefined) faults.push({ path: 'key', reason: wrongKey });
  const delayMs = parseDuration(delay);
  if (typeof delayMs === 'string') faults.push({ path: 'delay', reason: delayMs });
  else if (delayMs > MAX_DELAY_MS) faults.push({ path: 'delay', reason: 'expected at most 10 years' });
  if (priority !== 0) faults.push(...countFaults('priority', priority, MAX_PRIORITY));
  if (maxWaiting !== undefined) faults.push(...countFaults('maxWaiting', maxWaiting, MAX_WAITING));
  const expiry = expiresAt instanceof Date ? expiresAt.getTime() : expiresAt;
  if (expiry !== undefined && !(Number.isInteger(expiry) && isInstant(expiry))) {
    faults.push({ path: 'expiresAt', reason: 'expected a valid Date, or whole milliseconds since 1970' });
  } else if (expiry !== undefined && expiry <= now) {
    faults.push({ path: 'expiresAt', reason: `has passed already (${new Date(expiry).toISOString()})` });
  }
  if (faults.length > 0 || typeof delayMs === 'string') throw new OptionsInvalid(`cannot enqueue ${job.name}`, faults);
  return { delayMs, priority, expiresAt: expiry, maxWaiting };
}

/**
 * The fault of an option that must be a whole number from 1 to `most`; an empty list without one.
 */
export function countFaults(path: string, value: unknown, most: number): Fault[] {
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most) return [];
  return [{ path, reason: `expected a whole number from 1 to ${most}, got ${showValue(value)}` }];
}

/** @throws OptionsInvalid when the key is not allowed */
export function checkKey(job: JobDefinition, key: unknown): void {
  const reason = keyFault(key);
  if (reason !== undefined) throw new OptionsInvalid(`cannot enqueue ${job.name}`, [{ path: 'key', reason }]);
}
