import { type Redis, ROW } from '@bullpen/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countRows, type RowCounts, waitForBatch } from './wait.js';

/** The books that Redis would hold after these rows were settled: BITFIELD counts bits from the most significant one. */
function booksOf(fates: readonly number[]): Uint8Array {
  const books = new Uint8Array(Math.ceil(fates.length / 4));
  for (const [at, fate] of fates.entries()) {
    books[at >> 2] = (books[at >> 2] ?? 0) | (fate << (6 - 2 * (at & 3)));
  }
  return books;
}

const { open, completed, failed } = ROW;

describe('countRows', () => {
  it('counts nothing in books that nobody has written yet', () => {
    expect(countRows(null)).toEqual({ completed: 0, failed: 0 });
    expect(countRows(new Uint8Array(0))).toEqual({ completed: 0, failed: 0 });
    expect(countRows(new Uint8Array(100))).toEqual({ completed: 0, failed: 0 });
  });

  it('counts four rows in each byte', () => {
    expect(countRows(booksOf([completed, failed, open, completed, failed]))).toEqual({ completed: 2, failed: 2 });
    expect(countRows(Uint8Array.of(0b01_01_01_01, 0b10_10_10_10))).toEqual({ completed: 4, failed: 4 });
  });

  it('counts as one would by hand, whatever was settled', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(open, completed, failed), { maxLength: 500 }), (fates) => {
        expect(countRows(booksOf(fates))).toEqual({
          completed: fates.filter((fate) => fate === completed).length,
          failed: fates.filter((fate) => fate === failed).length,
        });
      }),
    );
  });
});

interface Look {
  readonly outstanding: number;
  readonly books: readonly number[];
}

/** A Redis that shows a queue and the books as they are at each look; the last one holds. Counts the looks. */
function redisShowing(...looks: [Look, ...Look[]]) {
  let taken = 0;
  const look = (): Look => looks[Math.min(taken, looks.length - 1)] as Look;
  const pipeline = () => {
    const replies: [null, number][] = [];
    const answer = (count: number) => () => void replies.push([null, count]);
    return {
      llen: (key: string) => answer(key.endsWith(':wait') ? look().outstanding : 0)(),
      ...{ zcard: answer(0), hexists: answer(0) },
      exec: async () => replies,
    };
  };
  const getBuffer = async () => {
    const { books } = look();
    taken += 1;
    return Buffer.from(booksOf(books));
  };
  const redis = { pipeline, getBuffer } as unknown as Redis;
  const ask = <T>(command: (connection: Redis) => Promise<T>): Promise<T> => command(redis);
  return { ask, looks: () => taken };
}

describe('waitForBatch', () => {
  it('ends as soon as every row that was added is settled', async () => {
    const { ask, looks } = redisShowing({ outstanding: 5, books: [completed, failed, completed] });
    expect(await waitForBatch('p', 'q', { batch: 'b', added: 3 }, ask)).toEqual({
      ...{ completed: 2, failed: 1, missing: 0, interrupted: false },
    });
    expect(looks()).toBe(1);
  });

  it('waits while rows are open, and tells how far it is at every look', async () => {
    const told: RowCounts[] = [];
    const { ask } = redisShowing(
      { outstanding: 1, books: [completed] },
      { outstanding: 0, books: [completed, failed] },
    );
    const settled = await waitForBatch(
      'p',
      'q',
      { batch: 'b', added: 2, onProgress: (counts) => told.push(counts) },
      ask,
    );
    expect(settled).toMatchObject({ completed: 1, failed: 1, missing: 0 });
    expect(told).toEqual([
      { completed: 1, failed: 0 },
      { completed: 1, failed: 1 },
    ]);
  });

  it('takes rows for missing when it finds the queue idle twice in a row, and not before', async () => {
    const { ask, looks } = redisShowing(
      { outstanding: 0, books: [] },
      { outstanding: 1, books: [] },
      { outstanding: 0, books: [completed] },
      { outstanding: 0, books: [completed] },
    );
    expect(await waitForBatch('p', 'q', { batch: 'b', added: 3 }, ask)).toEqual({
      ...{ completed: 1, failed: 0, missing: 2, interrupted: false },
    });
    expect(looks()).toBe(4);
  });

  it('has nothing to wait for when nothing was added', async () => {
    const { ask } = redisShowing({ outstanding: 7, books: [] });
    expect(await waitForBatch('p', 'q', { batch: 'b', added: 0 }, ask)).toMatchObject({
      missing: 0,
      interrupted: false,
    });
  });

  it('ends at a signal, also in the middle of a pause, with what it knows', async () => {
    const stop = new AbortController();
    const { ask } = redisShowing({ outstanding: 9, books: [completed] });
    const waiting = waitForBatch(
      'p',
      'q',
      { batch: 'b', added: 3, signal: stop.signal, onProgress: () => stop.abort() },
      ask,
    );
    expect(await waiting).toEqual({ completed: 1, failed: 0, missing: 0, interrupted: true });
  });

  it('passes on what asking Redis fails with', async () => {
    await expect(
      waitForBatch('p', 'q', { batch: 'b', added: 1 }, () => Promise.reject(new Error('away'))),
    ).rejects.toThrow('away');
  });
});
