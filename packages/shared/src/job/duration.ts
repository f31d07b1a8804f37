import ms, { type StringValue } from 'ms';
import { showValue } from './show-value.js';

/**
 * A length of time: milliseconds, or a string such as `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'7d'`.
 * @example
 * const timeout: Duration = '90s';
 * const grace: Duration = 1_500; // milliseconds
 */
export type Duration = number | StringValue;

/** The longest wait of a timer in Node: 2^31 - 1 ms, 24.8 days. With more it fires at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/**
 * The longest wait of a job before an attempt: 10 years. A longer one is a mistake in the unit, and
 * its job would be lost.
 */
export const MAX_DELAY_MS = 10 * 365 * 24 * 60 * 60 * 1_000;

/**
 * Reads a duration into whole milliseconds.
 * @returns the milliseconds, or a text that says what is wrong with `value`
 */
export function parseDuration(value: unknown): number | string {
  const parsed =
    typeof value === 'string' && value.trim().length > 0 && value.length <= 100 ? ms(value as StringValue) : value;
  if (typeof parsed !== 'number' || !Number.isFinite(parsed)) {
    return `expected a duration such as '30s' or milliseconds, got ${showValue(value)}`;
  }
  if (parsed < 0) return `a duration cannot be negative, got ${showValue(value)}`;
  const rounded = Math.round(parsed);
  if (rounded > Number.MAX_SAFE_INTEGER)
    return `a duration this long cannot be counted in milliseconds: ${showValue(value)}`;
  return rounded;
}

/** The same for a duration that a timer waits: at most {@link MAX_TIMER_MS}. */
export function parseTimerDuration(value: unknown): number | string {
  const parsed = parseDuration(value);
  return typeof parsed === 'number' && parsed > MAX_TIMER_MS ? 'expected at most 24 days' : parsed;
}

/** Writes milliseconds for people, rounded: `950ms`, `25s`, `2m`. */
export function showDuration(durationMs: number): string {
  return ms(Math.round(durationMs));
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** Writes milliseconds exactly, as a duration that {@link parseDuration} reads: `90m`, `1500ms`. */
export function writeDuration(durationMs: number): string {
  const [unit, length] = UNITS.find(([, length]) => durationMs > 0 && durationMs % length === 0) ?? ['ms', 1];
  return `${durationMs / length}${unit}`;
}

/** Whether `value` is an instant that a `Date` can hold, in milliseconds since 1970. */
export function isInstant(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(new Date(value).getTime());
}
