import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addRowToChecksum } from './row-checksum.js';

const checksumOf = (rows: readonly string[]): number => rows.reduce(addRowToChecksum, 0);

describe('addRowToChecksum', () => {
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
  ])('is different for the rows %j and %j', (one, other) => {
    expect(checksumOf(one)).not.toBe(checksumOf(other));
  });

  it('is different when the same text is cut into rows at other places', () => {
    const anyText = fc.string({ minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(anyText, fc.nat(), fc.nat(), (text, one, other) => {
        const [a, b] = [one % text.length, other % text.length];
        fc.pre(a !== b);
        expect(checksumOf([text.slice(0, a), text.slice(a)])).not.toBe(checksumOf([text.slice(0, b), text.slice(b)]));
      }),
    );
  });

  it('goes on from the checksum of the rows before', () => {
    const rows = ['{"id":1}', 'ä€😀', ''];
    expect(addRowToChecksum(checksumOf(rows.slice(0, 2)), '')).toBe(checksumOf(rows));
  });
});
