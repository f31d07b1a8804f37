import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFates, findRowsByFate } from './fates.js';

/**
 * A bit field as Redis writes it: two bits per row, the first row in the highest bits of byte 0.
 */
function fieldOf(fates: readonly number[]): Buffer {
  const bytes = Buffer.alloc(Math.ceil(fates.length / 4));
  for (const [at, fate] of fates.entries()) bytes[at >> 2] = (bytes[at >> 2] ?? 0) | (fate << (6 - 2 * (at % 4)));
  return bytes;
}

describe('decodeFates', () => {
  it('finds the rows with a fate, wherever they are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 })),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(9),
        (fates, fate, skip) => {
          const rows = decodeFates(fieldOf(fates), fate, 4 * skip + 1);
          expect(rows).toEqual(fates.flatMap((found, at) => (found === fate ? [4 * skip + at + 1] : [])));
        },
      ),
    );
  });
});

describe('findRowsByFate', () => {
  it('reads block after block to the end', async () => {
    const field = fieldOf(Array.from({ length: 200_000 }, (_, at) => (at % 50_000 === 0 ? 2 : 1)));
    const redis = { getrangeBuffer: async (_: string, from: number, to: number) => field.subarray(from, to + 1) };
    const found: number[] = [];
    for await (const rows of findRowsByFate('fates', 2, { ask: (command) => command(redis as never) }))
      found.push(...rows);
    expect(found).toEqual([1, 50_001, 100_001, 150_001]);
  });
});
