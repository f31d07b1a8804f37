import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withRow } from './row-checksum.js';

const checksumOf = (rows: readonly string[]): number => rows.reduce(withRow, 0);

describe('withRow', () => {
  it.each([
    [
      ['ab', 'c'],
      ['a', 'bc'],
    ],
    [['abc'], ['abc', '']],
    [['a\nb'], ['a', 'b']],
    [
      ['a', 'b'],
      ['b', 'a'],
    ],
  ])('tells the rows %j from %j', (one, other) => {
    expect(checksumOf(one)).not.toBe(checksumOf(other));
  });

  it('tells the same text cut into rows at other places', () => {
    const anyText = fc.string({ minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(anyText, fc.nat(), fc.nat(), (text, one, other) => {
        const [a, b] = [one % text.length, other % text.length];
        fc.pre(a !== b);
        expect(checksumOf([text.slice(0, a), text.slice(a)])).not.toBe(checksumOf([text.slice(0, b), text.slice(b)]));
      }),
    );
  });

  it('does not depend on who counted before: it goes on from a number', () => {
    const rows = ['{"id":1}', 'ä€😀', ''];
    expect(withRow(checksumOf(rows.slice(0, 2)), '')).toBe(checksumOf(rows));
  });
});
