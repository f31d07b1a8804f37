import { describe, expect, it } from 'vitest';
import type { ProducerRedis } from '../enqueue/producer-redis.js';
import { cancelBatch } from './cancel-batch.js';

type Sweep = [next: number, jobs: number, takenOff: string];

/**
 * Access to a Redis that holds a batch of 100 rows. It answers each sweep of the queue as given,
 * and finds nothing afterwards. Workers have cancelled rows as well.
 */
function redisSweeping(takenOffBefore: string, ...sweeps: Sweep[]) {
  const books = { job: 'x', added: '100', cancelled: '90', takenOff: sweeps.at(-1)?.[2] ?? takenOffBefore };
  let last: Sweep = [-1, 0, takenOffBefore];
  const redis = {
    bullpenCancelBatch: async () => ['open', takenOffBefore],
    bullpenSweep: async () => {
      last = sweeps.shift() ?? [-1, 0, last[2]];
      return last;
    },
    bullpenShowBatch: async () => [-1, 0, Object.entries(books).flat(), [], 0],
    hgetall: async () => books,
    exists: async () => 1,
  } as unknown as ProducerRedis;
  return { prefix: 'p', ask: <T>(command: (redis: ProducerRedis) => Promise<T>): Promise<T> => command(redis) };
}

describe('cancelBatch', () => {
  it('counts the rows that it took off the queue, and not the rows that workers cancelled meanwhile', async () => {
    const told: number[] = [];
    const onProgress = (rows: number): void => void told.push(rows);
    const access = redisSweeping('0', [500, 10, '10'], [-1, 20, '30']);
    expect(await cancelBatch({ name: 'b', queue: 'q', onProgress }, access)).toMatchObject({
      cancelledNow: 30,
      cancelled: 90,
    });
    expect([...new Set(told)]).toEqual([10, 30]);
  });

  it('counts rows whose answer was lost, and no rows of an earlier call', async () => {
    // The script that took thirty rows off was sent again, and found no more.
    expect(await cancelBatch({ name: 'b', queue: 'q' }, redisSweeping('5', [-1, 0, '35']))).toMatchObject({
      cancelledNow: 30,
    });
    expect(await cancelBatch({ name: 'b', queue: 'q' }, redisSweeping('5'))).toMatchObject({ cancelledNow: 0 });
  });

  it('sends the same note again, so that a call whose answer was lost recognises its own note', async () => {
    const { prefix, ask } = redisSweeping('0');
    const notes: unknown[][] = [];
    const twice: typeof ask = (command) =>
      ask(async (redis) => {
        const noting = {
          ...redis,
          bullpenCancelBatch: async (...args: unknown[]) => notes.push(args) && ['open', '0'],
        };
        await command(noting as unknown as ProducerRedis);
        return command(noting as unknown as ProducerRedis);
      });
    await cancelBatch({ name: 'b', queue: 'q' }, { prefix, ask: twice });
    expect(notes).toHaveLength(2);
    expect(notes[1]).toEqual(notes[0]);
  });
});
