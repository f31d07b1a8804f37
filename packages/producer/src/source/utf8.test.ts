import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainBroken, findBroken, incompleteTail, showBroken } from './utf8.js';

const anyBytes = fc
  .array(
    fc.constantFrom(0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xef, 0xbf, 0xbd, 0xf0, 0x9f, 0x98, 0x80, 0xff, 0xed, 0xa0),
  )
  .map((bytes) => Buffer.from(bytes));

describe('findBroken', () => {
  it('finds the first byte that is not UTF-8; before it, at most a character is incomplete', () => {
    fc.assert(
      fc.property(
        anyBytes.filter((bytes) => !isUtf8(bytes)),
        (bytes) => {
          const at = findBroken(bytes);
          const before = bytes.subarray(0, at);
          expect(isUtf8(before.subarray(0, at - incompleteTail(before)))).toBe(true);
          // No bytes after this one could make it valid.
          expect(isUtf8(bytes.subarray(0, at + 1))).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('accepts a U+FFFD that the text has', () => {
    expect(findBroken(Buffer.concat([Buffer.from('a\ufffdb'), Buffer.from([0xe9, 0x20])]))).toBe(5);
  });
});

describe('incompleteTail', () => {
  it('counts the bytes of an incomplete last character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 200 }), (text, cut) => {
        const bytes = Buffer.from(text).subarray(0, cut);
        const tail = incompleteTail(bytes);
        expect(isUtf8(bytes.subarray(0, bytes.length - tail))).toBe(true);
        expect(tail === 0).toBe(isUtf8(bytes));
      }),
    );
  });
});

describe('explainBroken and showBroken', () => {
  it('says where the text breaks and what is before that', () => {
    const bytes = Buffer.concat([Buffer.from(`${'é'.repeat(50)}🙂 caf`), Buffer.from([0xe9]), Buffer.from(' au lait')]);
    expect(explainBroken(bytes)).toMatch(
      /^is not UTF-8 at byte 109, after "é{14}🙂 caf"; convert the source, for example/,
    );
    expect(explainBroken(bytes, 1_000)).toContain('at byte 1109,');
  });

  it('shows each byte as a character, up to 10,000', () => {
    expect(showBroken(Buffer.from([0x63, 0xe9]))).toBe('cé');
    expect(showBroken(Buffer.alloc(20_000, 0xe9))).toHaveLength(10_000);
  });
});
