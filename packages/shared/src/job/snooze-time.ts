import { parseDate } from './date.js';
import { type Duration, isInstant, parseDuration } from './duration.js';
import { showValue } from './show-value.js';

/** When a snoozed job is attempted again: after a duration, or at an instant in the future. */
export type SnoozeTime =
  | {
      /** How long from now. */
      readonly in: Duration;
      /** Not together with `in`. */
      readonly until?: undefined;
    }
  | {
      /** An instant in the future. */
      readonly until: Date;
      /** Not together with `until`. */
      readonly in?: undefined;
    };

/**
 * Reads when a snoozed job is attempted again, in milliseconds since 1970.
 * @returns the instant, or a text that says what is wrong with `time`
 */
export function readSnoozeTime(time: unknown, now: number): number | string {
  const { in: wait, until } = (time ?? {}) as { in?: unknown; until?: unknown };
  if ((wait === undefined) === (until === undefined)) {
    const got = wait === undefined ? showValue(time) : 'both';
    return `expected { in: '5m' } or { until: date }, got ${got}`;
  }
  if (wait !== undefined) {
    const ms = parseDuration(wait);
    if (typeof ms === 'string') return `in: ${ms}`;
    return isInstant(now + ms) ? now + ms : `in: ${showValue(wait)} is too long`;
  }
  const at = parseDate(until);
  if (typeof at === 'string') return `until: ${at}`;
  return at > now ? at : `until: has passed already (${new Date(at).toISOString()}); to be called soon, use in`;
}
