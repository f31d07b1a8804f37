/** Shows an unexpected value in a message: short, and never its contents if it is an object. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 60)}'`;
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
