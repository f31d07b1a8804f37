import { defineJob, OptionsInvalid, PayloadInvalid, QueueFull, RedisUnavailable } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CHUNK_BYTES } from './chunk.js';
import { enqueueOne } from './enqueue-one.js';
import type { EnqueueOptions } from './enqueue-options.js';
import { JobSender } from './job-sender.js';
import { OpenCalls } from './open-calls.js';
import type { ProducerRedis } from './producer-redis.js';

const payload = z.object({ n: z.number(), text: z.string().optional() });
const job = defineJob({ name: 'one.test', queue: 'one', payload });
const sameQueue = defineJob({ name: 'one.same', queue: 'one', payload });
const otherQueue = defineJob({ name: 'one.other', queue: 'another', payload });
const slow = defineJob({
  ...{ name: 'one.slow', queue: 'one' },
  payload: payload.refine(async () => new Promise((resolve) => setImmediate(() => resolve(true)))),
});

/**
 * A producer before a stand-in for Redis, which answers each job with `answerOf`, and records the
 * payloads of each call.
 */
function producer(answerOf: (data: string) => string = () => 'a', fail?: () => Error) {
  const calls: string[][] = [];
  const bullpenInsertJobs = async (...args: (string | Buffer)[]): Promise<string> => {
    const rows = String(args[3]).trimEnd().split('\n');
    calls.push(rows);
    if (fail !== undefined) throw fail();
    return `${rows.map(answerOf).join('')}\n3\n1000`;
  };
  const redis = { bullpenInsertJobs } as unknown as ProducerRedis;
  const deps = {
    calls: new OpenCalls(),
    sender: new JobSender({ prefix: 'p', insertInto: (_, command) => command(redis) }),
  };
  const enqueue = (n: number, options?: EnqueueOptions, of = job) => enqueueOne(deps, of, { n }, options);
  return { calls, enqueue, deps };
}

const settled = async (calls: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(calls)).map((call) => (call.status === 'fulfilled' ? 'enqueued' : call.reason));
const rows = (...numbers: number[]) => numbers.map((n) => `{"n":${n}}`);
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describe('enqueueOne', () => {
  it('sends the jobs of one turn and one queue in one call, in the order of the calls', async () => {
    const { calls, enqueue } = producer();
    const ids = await Promise.all(numbers(100).map((n) => enqueue(n, {}, n % 2 === 0 ? job : sameQueue)));
    expect(calls).toEqual([rows(...numbers(100))]);
    expect(new Set(ids.map(({ id }) => id)).size).toBe(100);
  });

  it('sends the jobs of another queue in another call', async () => {
    const { calls, enqueue } = producer();
    await Promise.all([enqueue(1), enqueue(2, {}, otherQueue), enqueue(3)]);
    expect(calls).toEqual([rows(1, 3), rows(2)]);
  });

  it('sends one alone in the turn in which it was enqueued', async () => {
    const { calls, enqueue } = producer();
    const enqueued = enqueue(1);
    await new Promise((resolve) => process.nextTick(resolve));
    expect(calls).toEqual([rows(1)]);
    await enqueued;
  });

  it('sends a call at once when it is full, and does not wait for the one before', async () => {
    const { calls, enqueue } = producer();
    const all = numbers(600).map((n) => enqueue(n));
    expect(calls.map(({ length }) => length)).toEqual([125, 125, 125, 125]);
    await Promise.all(all);
    expect(calls.map(({ length }) => length)).toEqual([125, 125, 125, 125, 100]);
  });

  it('sends a call at once when its payloads are large', async () => {
    const { calls, deps } = producer();
    const text = 'x'.repeat(CHUNK_BYTES / 2);
    await Promise.all(numbers(5).map((n) => enqueueOne(deps, job, { n, text })));
    expect(calls.map(({ length }) => length)).toEqual([2, 2, 1]);
  });

  it('lets those that wait for their schema come later, and harms no order of the others', async () => {
    const { calls, enqueue } = producer();
    await Promise.all([enqueue(1), enqueue(2, {}, slow), enqueue(3)]);
    expect(calls).toEqual([rows(1, 3), rows(2)]);
  });

  it('gives each call its own answer: a wrong one harms no other, and is not sent', async () => {
    const { calls, enqueue, deps } = producer(
      (data) => ({ '{"n":2}': 'f', '{"n":4}': 'm', '{"n":5}': 'x' })[data] ?? 'a',
    );
    const all = await settled([
      ...[enqueue(1), enqueue(2, { maxWaiting: 3 }), enqueueOne(deps, job, { n: 'x' }), enqueue(3, { key: '' })],
      ...[enqueue(4, { priority: 5 }), enqueue(5, { expiresAt: new Date(500) }), enqueue(6)],
    ]);
    expect(calls).toEqual([rows(1, 2, 4, 5, 6)]);
    expect(all.map((one) => (typeof one === 'string' ? one : one.constructor))).toEqual([
      ...['enqueued', QueueFull, PayloadInvalid, OptionsInvalid, OptionsInvalid, OptionsInvalid, 'enqueued'],
    ]);
    expect(String(all[1])).toContain("queue 'one' is full: 3 jobs or more wait on it");
    expect(String(all[4])).toContain("queue 'one' holds jobs without a priority");
    expect(String(all[5])).toContain('expiresAt: has passed already (1970-01-01T00:00:00.500Z)');
  });

  it('gives each caller an error of its own when Redis is away, with a stack that leads to the call', async () => {
    const cause = new Error('lost');
    const { enqueue } = producer(undefined, () => new RedisUnavailable('away', { cause, unanswered: true }));
    async function theCaller(): Promise<void> {
      await enqueue(1);
    }
    const [first, second] = await settled([theCaller(), enqueue(2)]);
    expect(first).toMatchObject({ message: 'away', cause, unanswered: true });
    expect(first).toBeInstanceOf(RedisUnavailable);
    expect(first).not.toBe(second);
    expect(first.stack).toContain('theCaller');
  });

  it('passes on any other error unchanged', async () => {
    const wrong = new Error('ERR');
    const { enqueue } = producer(undefined, () => wrong);
    expect(await settled([enqueue(1), enqueue(2)])).toEqual([wrong, wrong]);
  });

  it('is waited for by close, and refused after it', async () => {
    const { calls, enqueue, deps } = producer();
    const order: string[] = [];
    const enqueued = enqueue(1).then(() => order.push('enqueued'));
    await Promise.all([deps.calls.close().then(() => order.push('closed')), enqueued, deps.calls.close()]);
    expect([calls.length, order.includes('enqueued')]).toEqual([1, true]);
    await expect(enqueue(2)).rejects.toMatchObject({ code: 'BULLPEN_PRODUCER_CLOSED' });
  });
});
