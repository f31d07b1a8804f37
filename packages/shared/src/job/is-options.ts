/**
 * Whether `value` can be an object with options. A list, a `Date`, a `Map` or a promise has none:
 * whoever gives one means something, and would not get it.
 */
export function isOptions(value: unknown): value is object {
  return typeof value === 'object' && Object.prototype.toString.call(value) === '[object Object]';
}
