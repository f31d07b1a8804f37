import type { Duration } from './duration.js';

/**
 * The wait between two attempts of a job.
 * - `fixed`: always `delay`.
 * - `exponential`: `delay`, 2 × `delay`, 4 × `delay` …, at most `maxDelay` (default `'1h'`).
 *
 * `jitter` (0 to 1, default 0.2) shortens each wait by a random share, at most by this one. So jobs
 * that failed together do not come back together.
 * @example
 * const backoff: Backoff = { type: 'exponential', delay: '2s', maxDelay: '10m' }; // 2 s, 4 s … 10 min
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
