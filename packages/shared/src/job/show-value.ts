import { hideSentinelPassword } from './redact-urls.js';

/**
 * Shows an unexpected value in a message: short, without a password, and never its contents if it
 * is an object.
 */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return `'${hideLogin(value).slice(0, 60)}'`;
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/**
 * Shows text that others wrote (a message, a file's name) on one line, without the characters that
 * control a terminal.
 */
export function showText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
}

/**
 * Hides the user and the password of a text that is an address, in whatever form: all before its
 * last `@`, and a password of sentinels. Somebody may write an address where something else is
 * expected.
 */
export function hideLogin(text: string): string {
  const bare = hideSentinelPassword(text);
  const at = bare.lastIndexOf('@');
  return at > 0 && bare.lastIndexOf(':', at) !== -1 ? `***${bare.slice(at)}` : bare;
}
