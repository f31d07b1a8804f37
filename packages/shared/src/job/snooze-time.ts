import { parseDate } from './date.js';
import { type Duration, MAX_DELAY_MS, parseDuration } from './duration.js';
import { showValue } from './show-value.js';

/** When a snoozed job is attempted again: after a duration, or at an instant in the future. */
export type SnoozeTime =
  | {
      /** How long from now: at most 10 years. The job waits for 250 ms at least. */
      readonly in: Duration;
      /** Not together with `in`. */
      readonly until?: undefined;
    }
  | {
      /** An instant in the future, at most 10 years from now. */
      readonly until: Date;
      /** Not together with `until`. */
      readonly in?: undefined;
    };

/** When a job is due. */
export type Due =
  | {
      /** So many milliseconds after Redis is told. */
      readonly inMs: number;
    }
  | {
      /** At this instant, in milliseconds since 1970. */
      readonly at: number;
    };

/**
 * Reads when a snoozed job is attempted again. Does not compare an instant with the time: the worker
 * does, because it knows Redis' clock.
 * @returns the time, or a text that says what is wrong with it
 */
export function readSnoozeTime(time: unknown): Due | string {
  const { in: wait, until } = (time ?? {}) as { in?: unknown; until?: unknown };
  if ((wait === undefined) === (until === undefined)) {
    const got = wait === undefined ? showValue(time) : 'both';
    return `expected { in: '5m' } or { until: date }, got ${got}`;
  }
  const other = Object.keys(time as object).find((name) => name !== 'in' && name !== 'until');
  if (other !== undefined) return `${other}: expected in or until alone`;
  if (wait !== undefined) {
    const ms = parseDuration(wait);
    if (typeof ms === 'string') return `in: ${ms}`;
    return ms > MAX_DELAY_MS ? 'in: expected at most 10 years' : { inMs: ms };
  }
  const at = parseDate(until);
  return typeof at === 'string' ? `until: ${at}` : { at };
}

/** What is wrong with the instant of a snooze; `undefined` when nothing is. */
export function snoozeFault(at: number, now: number): string | undefined {
  if (at > now + MAX_DELAY_MS) return 'until: expected at most 10 years from now';
  return at > now ? undefined : `until: has passed already (${new Date(at).toISOString()}); to be called soon, use in`;
}
