import { types } from 'node:util';
import { showValue } from './show-value.js';

/**
 * Reads a `Date` into milliseconds since 1970.
 * @returns the milliseconds, or a text that says what is wrong with `value`. A number is refused:
 *   it may be seconds, milliseconds, or a duration.
 */
export function parseDate(value: unknown): number | string {
  if (!types.isDate(value)) return `expected a Date, got ${showValue(value)}`;
  const at = value.getTime();
  return Number.isNaN(at) ? 'expected a valid Date, got an invalid one' : at;
}
