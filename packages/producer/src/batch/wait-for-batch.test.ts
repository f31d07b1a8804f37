import { BatchUnknown } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import type { ProducerRedis } from '../enqueue/producer-redis.js';
import { type RowCounts, waitForBatch } from './wait-for-batch.js';

interface Look {
  readonly outstanding: number;
  readonly books: Partial<RowCounts>;
}

/**
 * Access to a Redis that shows the queue and the books as they are at each look. After the last
 * look nothing changes. Counts the looks.
 */
function redisShowing(...looks: [Look, ...Look[]]) {
  let taken = 0;
  const look = (): Look => looks[Math.min(taken, looks.length - 1)] as Look;
  const pipeline = () => {
    const replies: [null, unknown][] = [];
    const answer = (count: unknown) => () => void replies.push([null, count]);
    return {
      llen: (key: string) => answer(key.endsWith(':wait') ? look().outstanding : 0)(),
      ...{ zcard: answer(0), hmget: answer([null, null, null]) },
      exec: async () => replies,
    };
  };
  const hgetall = async (key: string): Promise<Record<string, string>> => {
    expect(key).toBe('p:q:batch:b');
    const { books } = look();
    taken += 1;
    return { job: 'x', ...Object.fromEntries(Object.entries(books).map(([name, count]) => [name, String(count)])) };
  };
  const redis = { pipeline, hgetall } as unknown as ProducerRedis;
  const ask = <T>(command: (connection: ProducerRedis) => Promise<T>): Promise<T> => command(redis);
  return { access: { prefix: 'p', ask }, looks: () => taken };
}

const address = { name: 'b', queue: 'q' };
const none: RowCounts = { added: 0, completed: 0, failed: 0, cancelled: 0 };

describe('waitForBatch', () => {
  it('ends as soon as every row that was added is settled, whichever way', async () => {
    const books = { added: 4, completed: 2, failed: 1, cancelled: 1 };
    const { access, looks } = redisShowing({ outstanding: 5, books });
    expect(await waitForBatch({ name: 'b', queue: 'q' }, access)).toEqual({
      ...address,
      ...books,
      missing: 0,
      interrupted: false,
    });
    expect(looks()).toBe(1);
  });

  it('waits while rows are open, and calls onProgress at every look', async () => {
    const told: RowCounts[] = [];
    const { access } = redisShowing(
      { outstanding: 1, books: { added: 2, completed: 1 } },
      { outstanding: 0, books: { added: 2, completed: 1, failed: 1 } },
    );
    const onProgress = (counts: RowCounts): void => void told.push(counts);
    expect(await waitForBatch({ name: 'b', queue: 'q', onProgress }, access)).toMatchObject({ failed: 1, missing: 0 });
    expect(told).toEqual([
      { ...none, added: 2, completed: 1 },
      { ...none, added: 2, completed: 1, failed: 1 },
    ]);
  });

  it('waits for the rows that are added while it waits', async () => {
    const { access, looks } = redisShowing(
      { outstanding: 1, books: { added: 2, completed: 1 } },
      { outstanding: 1, books: { added: 3, completed: 2 } },
      { outstanding: 0, books: { added: 3, completed: 3 } },
    );
    expect(await waitForBatch({ name: 'b', queue: 'q' }, access)).toMatchObject({ added: 3, completed: 3, missing: 0 });
    expect(looks()).toBe(3);
  });

  it('counts rows as missing when it finds the queue idle twice in a row, and not before', async () => {
    const { access, looks } = redisShowing(
      { outstanding: 0, books: { added: 3 } },
      { outstanding: 1, books: { added: 3 } },
      { outstanding: 0, books: { added: 3, completed: 1 } },
      { outstanding: 0, books: { added: 3, completed: 1 } },
    );
    expect(await waitForBatch({ name: 'b', queue: 'q' }, access)).toEqual({
      ...address,
      ...{ ...none, added: 3, completed: 1, missing: 2, interrupted: false },
    });
    expect(looks()).toBe(4);
  });

  it('ends at once when no row was added', async () => {
    const { access } = redisShowing({ outstanding: 7, books: {} });
    expect(await waitForBatch({ name: 'b', queue: 'q' }, access)).toEqual({
      ...address,
      ...none,
      missing: 0,
      interrupted: false,
    });
  });

  it('takes what a run returned as the address of the batch', async () => {
    const { access } = redisShowing({ outstanding: 0, books: {} });
    const result = { name: 'b', queue: 'q', ...none, read: 0, duplicate: 0, rejected: 0, resumedAt: 0 };
    expect(await waitForBatch(result, access)).toEqual({ ...address, ...none, missing: 0, interrupted: false });
  });

  it('ends when the signal aborts, also in a pause, and gives the counts so far', async () => {
    const stop = new AbortController();
    const { access } = redisShowing({ outstanding: 9, books: { added: 3, completed: 1 } });
    const onProgress = (): void => void setImmediate(() => stop.abort());
    const settled = await waitForBatch({ name: 'b', queue: 'q', signal: stop.signal, onProgress }, access);
    expect(settled).toEqual({ ...address, ...none, added: 3, completed: 1, missing: 0, interrupted: true });
  });

  it('throws BatchUnknown when there is no such batch', async () => {
    const redis = {
      pipeline: () => noQueue,
      hgetall: async () => ({}),
      scan: async () => ['0', []],
    } as unknown as ProducerRedis;
    const waiting = waitForBatch({ name: 'b', queue: 'q' }, { prefix: 'p', ask: (command) => command(redis) });
    await expect(waiting).rejects.toThrow(BatchUnknown);
    await expect(waiting).rejects.toThrow("there is no batch 'b' on queue 'q'");
  });

  it('throws BatchLost when the books of the batch vanish during the wait', async () => {
    let looks = 0;
    const redis = {
      pipeline: () => noQueue,
      hgetall: async () => {
        looks += 1;
        return looks === 1 ? { job: 'x', added: '3' } : {};
      },
    } as unknown as ProducerRedis;
    const waiting = waitForBatch({ name: 'b', queue: 'q' }, { prefix: 'p', ask: (command) => command(redis) });
    await expect(waiting).rejects.toMatchObject({
      ...{ code: 'BULLPEN_BATCH_LOST', batch: { name: 'b', queue: 'q' } },
      message: expect.stringContaining('vanished while it was waited for'),
    });
  });

  it('passes on an error of Redis', async () => {
    const away = () => Promise.reject(new Error('away'));
    await expect(waitForBatch({ name: 'b', queue: 'q' }, { prefix: 'p', ask: away })).rejects.toThrow('away');
  });
});

const nothing = (): void => undefined;
const noQueue = {
  llen: nothing,
  zcard: nothing,
  hmget: nothing,
  exec: async () => [...Array(7).fill([null, 0]), [null, []]],
};
