import {
  type Duration,
  type Fault,
  idForKey,
  isInstant,
  type JobDefinition,
  newId,
  OptionsInvalid,
  parseDuration,
  showValue,
} from '@bullpen/shared';
import type { JobRow } from './insert.js';

/** How one job is enqueued. */
export interface EnqueueOptions {
  /**
   * Your own name for the job: enqueuing the same job definition with the same key again is a `duplicate` while that job is kept
   * (waiting, active, failed, or completed within the worker's retention). Any text of 1 to 1,000 characters.
   */
  readonly key?: string;
  /** How long to wait before the first attempt. Default 0, at most 10 years. */
  readonly delay?: Duration;
  /** 1 (first) to 2,097,151 (last). Jobs without a priority go before all that have one: do not mix them on a queue. */
  readonly priority?: number;
  /** The job must not start after this instant; a `Date`, or milliseconds since 1970. Default: the definition's `expiresIn` after the job is due. */
  readonly expiresAt?: Date | number;
}

/** BullMQ orders prioritized jobs by `priority × 2^32 + counter`, which must stay exact in a double. */
const LOWEST_PRIORITY = 2 ** 21 - 1;
const LONGEST_DELAY_MS = 10 * 365 * 24 * 60 * 60 * 1000;
const LONGEST_KEY = 1_000;

/**
 * Turns options into the row's own fields.
 * @throws OptionsInvalid with every fault
 */
export function readEnqueueOptions(
  job: JobDefinition,
  { key, delay = 0, priority = 0, expiresAt }: EnqueueOptions,
  now: number,
): Omit<JobRow, 'data'> {
  const faults: Fault[] = [];
  if (key !== undefined) faults.push(...keyFaults(key).map((reason) => ({ path: 'key', reason })));
  const delayMs = parseDuration(delay);
  if (typeof delayMs === 'string') faults.push({ path: 'delay', reason: delayMs });
  else if (delayMs > LONGEST_DELAY_MS) faults.push({ path: 'delay', reason: 'expected at most 10 years' });
  if (!Number.isInteger(priority) || priority < 0 || priority > LOWEST_PRIORITY) {
    faults.push({
      path: 'priority',
      reason: `expected a whole number from 1 to ${LOWEST_PRIORITY}, got ${showValue(priority)}`,
    });
  }
  const expiry = expiresAt instanceof Date ? expiresAt.getTime() : expiresAt;
  if (expiry !== undefined && !(Number.isInteger(expiry) && isInstant(expiry))) {
    faults.push({ path: 'expiresAt', reason: 'expected a valid Date, or whole milliseconds since 1970' });
  } else if (expiry !== undefined && expiry <= now) {
    faults.push({ path: 'expiresAt', reason: `has passed already (${new Date(expiry).toISOString()})` });
  }
  if (faults.length > 0 || typeof delayMs === 'string') throw new OptionsInvalid(`cannot enqueue ${job.name}`, faults);

  const expires = expiry ?? expiryOf(job, now + delayMs);
  return {
    id: key === undefined ? newId() : idForKey(job.name, key),
    delayMs,
    priority,
    bullpen: expires === undefined ? {} : { expiresAt: expires },
  };
}

/** When a job that is due at `dueAt` expires, by its definition. */
export function expiryOf(job: JobDefinition, dueAt: number): number | undefined {
  return job.expiresInMs === undefined ? undefined : dueAt + job.expiresInMs;
}

/** What is wrong with a key; nothing, for nearly any text. */
export function keyFaults(key: unknown): string[] {
  if (typeof key !== 'string') return [`expected text, got ${typeof key}`];
  if (key.length === 0 || key.length > LONGEST_KEY)
    return [`expected 1 to ${LONGEST_KEY} characters, got ${key.length}`];
  return [];
}
