import type { Duration } from './duration.js';
import { isOptions } from './is-options.js';
import { type OptionTable, optionFaults } from './option-faults.js';
import { showValue } from './show-value.js';

/**
 * The wait between two attempts of a job.
 * - `fixed`: always `delay`.
 * - `exponential`: `delay`, 2 × `delay`, 4 × `delay` …, at most `maxDelay` (default `'1h'`).
 *
 * `jitter` (0 to 1, default 0.2) shortens each wait by a random share, at most by this one. So jobs
 * that failed together do not come back together.
 * @example
 * // 2 s, 4 s, 8 s … 10 min
 * const backoff: Backoff = { type: 'exponential', delay: '2s', maxDelay: '10m' };
 */
export type Backoff =
  | {
      /** Each wait is the same. */
      readonly type: 'fixed';
      /** The wait. */
      readonly delay: Duration;
      /** By how much a wait may be shorter, as a share of it: 0 to 1. Default 0.2. */
      readonly jitter?: number | undefined;
    }
  | {
      /** Each wait is twice the one before. */
      readonly type: 'exponential';
      /** The first wait. */
      readonly delay: Duration;
      /** The longest wait. Default `'1h'`. */
      readonly maxDelay?: Duration | undefined;
      /** By how much a wait may be shorter, as a share of it: 0 to 1. Default 0.2. */
      readonly jitter?: number | undefined;
    };

/** A {@link Backoff} with its defaults filled in and its durations in milliseconds. */
export interface BackoffPolicy {
  /** Whether each wait is the same, or twice the one before. */
  readonly type: 'fixed' | 'exponential';
  /** The first wait, in milliseconds. */
  readonly delayMs: number;
  /** The longest wait, in milliseconds. */
  readonly maxDelayMs: number;
  /** By how much a wait may be shorter, as a share of it: 0 to 1. */
  readonly jitter: number;
}

const FIXED_OPTIONS: OptionTable<Extract<Backoff, { type: 'fixed' }>> = {
  ...{ type: true, delay: true, jitter: true },
  maxDelay: "a wait that is 'fixed' does not grow",
};
const EXPONENTIAL_OPTIONS: OptionTable<Extract<Backoff, { type: 'exponential' }>> = {
  ...{ type: true, delay: true, maxDelay: true, jitter: true },
};
/** By how much a wait may be shorter, if nothing else is said. */
export const DEFAULT_JITTER = 0.2;
const DEFAULT_BACKOFF: Backoff = { type: 'exponential', delay: '1s' };

/** Stands for a backoff that cannot be read: the definition is refused. */
const NO_BACKOFF: BackoffPolicy = { type: 'fixed', delayMs: 0, maxDelayMs: 0, jitter: 0 };

/**
 * Fills in the defaults of a backoff, and reads its durations.
 * @param given `undefined` for the default
 * @param fault gets each fault, with its path
 * @param duration reads a duration, and tells `fault` what is wrong with it
 */
export function readBackoff(
  given: Backoff | undefined,
  fault: (path: string, reason: string) => void,
  duration: (path: string, value: unknown) => number,
): BackoffPolicy {
  const backoff = given === undefined ? DEFAULT_BACKOFF : given;
  if (!isOptions(backoff)) {
    fault('backoff', `expected an object such as { type: 'fixed', delay: '5s' }, got ${showValue(backoff)}`);
    return NO_BACKOFF;
  }
  const table = (backoff as Backoff).type === 'fixed' ? FIXED_OPTIONS : EXPONENTIAL_OPTIONS;
  for (const { path, reason } of optionFaults(backoff, table, 'backoff', 'backoff')) fault(path, reason);
  const { type, delay, jitter = DEFAULT_JITTER } = backoff;
  if (type !== 'fixed' && type !== 'exponential') {
    fault('backoff.type', `expected 'fixed' or 'exponential', got ${showValue(type)}`);
  }
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1)) {
    fault('backoff.jitter', `expected a number from 0 to 1, got ${showValue(jitter)}`);
  }
  const delayMs = duration('backoff.delay', delay);
  const maxDelay = type === 'exponential' ? (backoff.maxDelay === undefined ? '1h' : backoff.maxDelay) : delay;
  const maxDelayMs = duration('backoff.maxDelay', maxDelay);
  if (type === 'exponential' && maxDelayMs < delayMs) {
    fault('backoff.maxDelay', `must not be below backoff.delay (${delayMs} ms), got ${maxDelayMs} ms`);
  }
  return Object.freeze({ type, delayMs, maxDelayMs, jitter });
}

/**
 * Calculates the wait after a failed attempt.
 * @param attempt the number of the attempt that failed, counted from 1
 * @param random a number in [0, 1); a parameter, so that the function is pure
 * @returns whole milliseconds in [0, maxDelayMs]
 */
export function backoffDelayMs(policy: BackoffPolicy, attempt: number, random: number): number {
  // 2 ** 1023 is the largest power of two that a number can hold. Beyond it, a delay of 0 would
  // give Infinity × 0, which is NaN.
  const factor = policy.type === 'exponential' ? 2 ** Math.min(attempt - 1, 1023) : 1;
  const full = Math.min(policy.delayMs * factor, policy.maxDelayMs);
  return Math.round(full * (1 - policy.jitter * random));
}
