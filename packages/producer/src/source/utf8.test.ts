import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { showBroken, textFault } from './utf8.js';

const anyBytes = fc
  .array(
    fc.constantFrom(0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xef, 0xbf, 0xbd, 0xf0, 0x9f, 0x98, 0x80, 0xff, 0xed, 0xa0),
  )
  .map((bytes) => Buffer.from(bytes));

/** The place of the first byte that is not UTF-8, counted from 1. */
const brokenAt = (bytes: Buffer): number => Number(/^is not UTF-8 at byte (\d+),/.exec(textFault(bytes) ?? '')?.[1]);

describe('textFault', () => {
  it('finds the first byte that is not UTF-8; without it the bytes may go on as UTF-8', () => {
    fc.assert(
      fc.property(
        anyBytes.filter((bytes) => !isUtf8(bytes)),
        (bytes) => {
          const at = brokenAt(bytes);
          // At most a character is incomplete before it.
          expect([0, 1, 2, 3].some((tail) => isUtf8(bytes.subarray(0, Math.max(0, at - 1 - tail))))).toBe(true);
          // No bytes after this one could make it valid.
          expect(isUtf8(bytes.subarray(0, at))).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('accepts a U+FFFD that the text has', () => {
    expect(textFault(Buffer.from('a\ufffdb'))).toBeUndefined();
    expect(brokenAt(Buffer.concat([Buffer.from('a\ufffdb'), Buffer.from([0xe9, 0x20])]))).toBe(6);
  });

  it('says where the text breaks and what is before that', () => {
    const bytes = Buffer.concat([Buffer.from(`${'é'.repeat(50)}🙂 caf`), Buffer.from([0xe9]), Buffer.from(' au lait')]);
    expect(textFault(bytes)).toMatch(/^is not UTF-8 at byte 109, after "é{14}🙂 caf"; convert the source, for example/);
  });

  it('says where a NUL is', () => {
    expect(textFault(Buffer.from('1,é\0x'))).toBe('has a NUL at byte 5, which no text has, after "1,é"');
  });
});

describe('showBroken', () => {
  it('shows each byte as a character, up to 10,000', () => {
    expect(showBroken(Buffer.from([0x63, 0xe9]))).toBe('cé');
    expect(showBroken(Buffer.alloc(20_000, 0xe9))).toHaveLength(10_000);
  });
});
