import { describe, expect, it } from 'vitest';
import { booksKey, cancelledChannel, cancelledKey, DEFAULT_PREFIX, prefixFault } from './keys.js';

describe('prefixFault', () => {
  it.each([DEFAULT_PREFIX, 'a', '{shop}', 'shop.eu-1_b', 'x'.repeat(100)])('finds nothing wrong with %s', (prefix) => {
    expect(prefixFault(prefix)).toBeUndefined();
  });

  it.each([[''], ['a:b'], ['a b'], ['a\n'], ['*'], ['é'], ['x'.repeat(101)], [undefined], [5], [['a']]])(
    'refuses %j',
    (prefix) => {
      expect(prefixFault(prefix)).toMatch(/^expected 1 to 100 letters/);
    },
  );
});

describe('the names on Redis', () => {
  it('are the shape of BullMQ’s own: prefix, queue, name', () => {
    expect(booksKey('bullpen', 'mail', '20260101')).toBe('bullpen:mail:batch:20260101');
    expect(cancelledKey('bullpen', 'mail')).toBe('bullpen:mail:cancelled');
    expect(cancelledChannel('bullpen', 'mail')).toBe('bullpen:mail:cancelled');
  });
});
