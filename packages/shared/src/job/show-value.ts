/** A value that was not expected, as a message shows it: short, and safe whatever it is. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 60)}'`;
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/**
 * Text that others wrote (a message, a file's name), on one line and without what would command a
 * terminal.
 */
export function showText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
}
