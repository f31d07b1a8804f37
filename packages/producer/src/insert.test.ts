import { defineJob, type Redis } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type JobRow, prepareChunk } from './insert.js';

const job = defineJob({
  ...{ name: 'insert.test', queue: 'mail', payload: z.unknown(), maxAttempts: 7 },
  backoff: { type: 'exponential', delay: '2s', maxDelay: '1m', jitter: 0.5 },
});
const plain: JobRow = { id: 'j-1', data: '{"n":1}', delayMs: 0, priority: 0, bullpen: {} };

/** A connection that knows the insert command alone: answers with `reply`, and remembers what it was given. */
function redisAnswering(reply: string) {
  const calls: (string | number)[][] = [];
  const bullpenInsert = async (...args: (string | number)[]): Promise<string> => {
    calls.push(args);
    return reply;
  };
  return { redis: { bullpenInsert } as unknown as Redis, calls };
}

describe('prepareChunk', () => {
  it('sends BullMQ’s keys, then what all jobs share, then five values per job', async () => {
    const { redis, calls } = redisAnswering('aa');
    const second: JobRow = { id: 'j-2', data: '"two"', delayMs: 500, priority: 3, bullpen: { batch: 'b', row: 9 } };
    await prepareChunk('shop', job, [plain, second], 'call-1', 1_700_000_000_000).send(redis);
    const [args = []] = calls;
    expect(args.slice(0, 10)).toEqual([
      ...['shop:mail:wait', 'shop:mail:meta', 'shop:mail:id', 'shop:mail:delayed', 'shop:mail:prioritized'],
      ...['shop:mail:pc', 'shop:mail:marker', 'shop:mail:events', 'shop:mail:active'],
      'shop:mail:cancelled',
    ]);
    expect(args.slice(10, 14)).toEqual(['shop:mail:', 'insert.test', 1_700_000_000_000, '"enqueue":"call-1"']);
    expect(args.slice(14, 19)).toEqual(['j-1', '{"n":1}', expect.any(String), 0, 0]);
    expect(args.slice(19)).toEqual(['j-2', '"two"', expect.any(String), 500, 3]);
  });

  it('writes opts in BullMQ’s words, so that a stock worker can honour them', async () => {
    const { redis, calls } = redisAnswering('a');
    await prepareChunk('p', job, [plain], 'call-1', 0).send(redis);
    expect(JSON.parse(String(calls[0]?.[16]))).toEqual({
      ...{ attempts: 7, jobId: 'j-1', backoff: { type: 'exponential', delay: 2_000, jitter: 0.5 } },
      bullpen: { enqueue: 'call-1' },
    });
  });

  it('writes delay, priority, expiry, batch and row only where there are some', async () => {
    const { redis, calls } = redisAnswering('a');
    const bullpen = { expiresAt: 1_800_000_000_000, batch: 'b1', row: 4 };
    await prepareChunk('p', job, [{ ...plain, delayMs: 10, priority: 2, bullpen }], 'call-1', 0).send(redis);
    expect(JSON.parse(String(calls[0]?.[16]))).toMatchObject({
      ...{ delay: 10, priority: 2, bullpen: { ...bullpen, enqueue: 'call-1' } },
    });
  });

  it('marks the opts of each job with the call, exactly as the script looks for it', async () => {
    const { redis, calls } = redisAnswering('a');
    await prepareChunk('p', job, [{ ...plain, bullpen: { batch: '"enqueue":"x"' } }], 'call-1', 0).send(redis);
    const [args = []] = calls;
    expect(String(args[16]).split(String(args[13]))).toHaveLength(2);
  });

  it('says for each job, in order, whether it was added or there already', async () => {
    const { redis } = redisAnswering('ada');
    const rows = ['1', '2', '3'].map((id) => ({ ...plain, id }));
    expect(await prepareChunk('p', job, rows, 'call-1', 0).send(redis)).toEqual(['added', 'duplicate', 'added']);
  });

  it('sends exactly the same when it is sent again', async () => {
    const { redis, calls } = redisAnswering('a');
    const chunk = prepareChunk('p', job, [plain], 'call-1', 0);
    await chunk.send(redis);
    await chunk.send(redis);
    expect(calls[1]).toEqual(calls[0]);
  });
});
