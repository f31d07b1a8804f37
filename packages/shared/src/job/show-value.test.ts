import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { showValue } from './show-value.js';

describe('showValue', () => {
  it.each([
    ['a name', "'a name'"],
    [3, '3'],
    [5n, '5'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    [{ password: 'secret' }, 'an object'],
    [() => 'secret', 'a function'],
  ])('shows %s', (value, text) => {
    expect(showValue(value)).toBe(text);
  });

  it('is short and never throws, even for a value that cannot become text', () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    for (const value of [Object.create(null), revoked.proxy, 'x'.repeat(1_000_000)]) {
      expect(showValue(value).length).toBeLessThanOrEqual(62);
    }
    fc.assert(fc.property(fc.anything({ withNullPrototype: true }), (value) => typeof showValue(value) === 'string'));
  });
});
