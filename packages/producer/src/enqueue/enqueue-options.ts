import { type Duration, type Fault, type JobDefinition, OptionsInvalid } from '@bullpen/shared';
import { idForKey, isInstant, keyFault, newId, parseDuration, showValue } from '@bullpen/shared/internal';
import type { Terms } from './insert.js';

/** How one job is enqueued. */
export interface EnqueueOptions {
  /**
   * Your own name for the job: enqueuing the same job definition with the same key again is a
   * `duplicate` while that job is kept (waiting, active, failed, or completed within the worker's
   * retention). Any text of 1 to 1,000 characters.
   */
  readonly key?: string;
  /** How long to wait before the first attempt. Default 0, at most 10 years. */
  readonly delay?: Duration;
  /**
   * 1 (first) to 2,097,151 (last). A queue has jobs with priorities or jobs without, never both at
   * a time: those without would always go first.
   */
  readonly priority?: number;
  /**
   * The job must not start after this instant; a `Date`, or milliseconds since 1970. Default: the
   * definition's `expiresIn` after the job is due.
   */
  readonly expiresAt?: Date | number;
  /**
   * Add nothing while this many jobs wait on the queue (with a `delay` the delayed ones count as
   * well): `enqueue` throws `QueueFull`, `enqueueMany` and `batch` wait. Decided on Redis for a
   * whole chunk, so that any number of producers together exceed it by one chunk at most. Default:
   * no bound.
   */
  readonly maxWaiting?: number;
}

/**
 * BullMQ orders prioritized jobs by `priority × 2^32 + counter`, which must stay exact in a double.
 */
const MAX_PRIORITY = 2 ** 21 - 1;
/** More than Redis has memory for. */
const MAX_WAITING = 1_000_000_000;
const MAX_DELAY_MS = 10 * 365 * 24 * 60 * 60 * 1000;

/**
 * Turns options into the terms of a call.
 * @throws OptionsInvalid with every fault
 */
export function readTerms(
  job: JobDefinition,
  { key, delay = 0, priority = 0, expiresAt, maxWaiting }: EnqueueOptions,
  now: number,
): Omit<Terms, 'keyed'> {
  const faults: Fault[] = [];
  const wrongKey = key === undefined ? undefined : keyFault(key);
  if (wrongKey !== undefined) faults.push({ path: 'key', reason: wrongKey });
  const delayMs = parseDuration(delay);
  if (typeof delayMs === 'string') faults.push({ path: 'delay', reason: delayMs });
  else if (delayMs > MAX_DELAY_MS) faults.push({ path: 'delay', reason: 'expected at most 10 years' });
  const whole = (path: string, value: unknown, least: number, most: number): void => {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
    faults.push({ path, reason: `expected a whole number from 1 to ${most}, got ${showValue(value)}` });
  };
  whole('priority', priority, 0, MAX_PRIORITY);
  if (maxWaiting !== undefined) whole('maxWaiting', maxWaiting, 1, MAX_WAITING);
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
 * The id of a job with this key, or a new one.
 * @throws OptionsInvalid when it cannot be a key
 */
export function idFor(job: JobDefinition, key: string | undefined): string {
  if (key === undefined) return newId();
  const reason = keyFault(key);
  if (reason !== undefined) throw new OptionsInvalid(`cannot enqueue ${job.name}`, [{ path: 'key', reason }]);
  return idForKey(job.name, key);
}
