import type { EnqueueOptions } from '@bullpen/producer';
import { META, openRedis, type Redis } from '@bullpen/shared/internal';
import { Queue, QueueEvents } from 'bullmq';
import { describe, expect } from 'vitest';
import { scripted } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';
import { withEvents } from './told-events.js';

/**
 * Our insert script writes BullMQ's keys itself. These tests compare what it writes with what
 * BullMQ's own `add` writes, key by key and field by field. An upgrade that changes the layout
 * fails here.
 */

const ID = '<id>';
/**
 * All keys of a queue. What differs by nature (ids, times, our own opts) is made equal.
 */
async function snapshot(redis: Redis, base: string, id: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const key of (await redis.keys(`${base}:*`)).sort()) {
    const name = key.slice(base.length + 1).replaceAll(id, ID);
    found[name] = JSON.parse(JSON.stringify(await read(redis, key)).replaceAll(id, ID));
  }
  return found;
}

async function read(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'hash': {
      const hash: Record<string, string> = await redis.hgetall(key);
      if (hash['opts'] === undefined) return hash;
      // BullMQ repeats the id of a job in its opts, and reads it nowhere but in `add`.
      const { bullpen, jobId: _, ...opts } = JSON.parse(hash['opts']) as Record<string, unknown>;
      return { ...hash, opts, timestamp: 'number' };
    }
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'zset': {
      const members = await readScores(redis, key);
      // Scores that are times differ by milliseconds. Only their unit is compared: milliseconds, or
      // BullMQ's 4096 steps for each.
      return members.map((part) => (Number(part) > 1e15 ? 'time in steps' : Number(part) > 1e12 ? 'time in ms' : part));
    }
    case 'stream':
      return (await redis.xrange(key, '-', '+')).map(([, fields]) =>
        fields.map((field, at) => (fields[at - 1] === 'delay' ? 'time' : field)),
      );
    default:
      return redis.get(key);
  }
}

/** Members and scores in turn; a RESP3 reply has them in pairs. */
async function readScores(redis: Redis, key: string): Promise<string[]> {
  const reply = (await redis.call('ZRANGE', key, '0', '-1', 'WITHSCORES')) as (string | string[])[];
  return reply.flat();
}

/** The keys without our fields of meta; whether the queue's jobs have priorities is checked here. */
function withoutOurs(found: Record<string, unknown>, { priority }: EnqueueOptions): Record<string, unknown> {
  const { [META.priorities]: priorities, [META.events]: _, ...meta } = found['meta'] as Record<string, string>;
  expect(priorities).toBe(priority === undefined ? '0' : '1');
  return { ...found, meta };
}

const CASES: Record<string, EnqueueOptions> = {
  waiting: {},
  delayed: { delay: 60_000 },
  prioritized: { priority: 7 },
  'delayed with a priority': { delay: 60_000, priority: 7 },
};

/** Enqueues the same job by BullMQ's own `add`, under another prefix. */
async function addWithBullMq(world: World, id: string, options: EnqueueOptions, paused: boolean): Promise<string> {
  const prefix = `${world.prefix}-bullmq`;
  const queue = new Queue(scripted.queue, { connection: world.redis, prefix });
  world.onClose(async () => {
    await queue.close();
    const keys = await world.redis.keys(`${prefix}:*`);
    if (keys.length > 0) await world.redis.unlink(...keys);
  });
  await queue.waitUntilReady();
  if (paused) await queue.pause();
  await queue.add(
    scripted.name,
    { name: 'x' },
    {
      jobId: id,
      attempts: scripted.maxAttempts,
      backoff: { type: 'fixed', delay: scripted.backoff.delayMs, jitter: 0 },
      ...(options.delay === undefined ? {} : { delay: options.delay as number }),
      ...(options.priority === undefined ? {} : { priority: options.priority }),
    },
  );
  return `${prefix}:${scripted.queue}`;
}

describe('the insert writes what BullMQ’s own add writes', () => {
  for (const [name, options] of Object.entries(CASES)) {
    for (const paused of [false, true]) {
      test(`${name}${paused ? ', on a paused queue' : ''}`, async ({ world }) => {
        // A stock queue object makes the queue's meta, as any BullMQ client would.
        const queue = world.queue(scripted.queue);
        await queue.waitUntilReady();
        if (paused) await queue.pause();
        const { id } = await world.producer({ events: 'all' }).enqueue(scripted, { name: 'x' }, options);
        const theirs = await snapshot(world.redis, await addWithBullMq(world, id, options, paused), id);
        const ours = await snapshot(world.redis, `${world.prefix}:${scripted.queue}`, id);
        expect(Object.keys(ours)).toContain(ID);
        expect(withoutOurs(ours, options)).toEqual(theirs);
      });
    }
  }

  for (const events of ['ends', 'none'] as const) {
    test.for(Object.entries(CASES))(
      `%s, without the events that ${events} leaves out`,
      async ([_, options], { world }) => {
        await world.queue(scripted.queue).waitUntilReady();
        const { id } = await world.producer({ events }).enqueue(scripted, { name: 'x' }, options);
        const theirs = await snapshot(world.redis, await addWithBullMq(world, id, options, false), id);
        const ours = await snapshot(world.redis, `${world.prefix}:${scripted.queue}`, id);
        expect(withoutOurs(ours, options)).toEqual(withEvents(theirs, events));
      },
    );
  }

  for (const [name, { delay, priority }] of Object.entries(CASES)) {
    test(`${name}, as a row of a batch`, async ({ world }) => {
      await world.queue(scripted.queue).waitUntilReady();
      const options = { ...(delay === undefined ? {} : { delay }), ...(priority === undefined ? {} : { priority }) };
      const source = sourceOf([{ name: 'x' }]);
      await world.producer({ events: 'all' }).batches.run(scripted, { name: 'contract', source, ...options });
      const id = 'b-contract-1';
      const theirs = await snapshot(world.redis, await addWithBullMq(world, id, options, false), id);
      const ours = await snapshot(world.redis, `${world.prefix}:${scripted.queue}`, id);
      // The jobs of rows are not told one by one.
      const { events: _, ...expected } = theirs;
      const isOfBatch = (key: string): boolean => key === 'batches' || key.startsWith('batch:contract');
      const found = Object.fromEntries(Object.entries(ours).filter(([key]) => !isOfBatch(key)));
      expect(withoutOurs(found, options)).toEqual(expected);
      expect(ours['batch:contract']).toMatchObject({ read: '1', added: '1' });
    });
  }

  test('the delayed score holds the due time, in BullMQ’s 12-bit steps', async ({ world }) => {
    const producer = world.producer();
    await producer.enqueueMany(scripted, [{}, {}, {}], { delay: 60_000 });
    const delayed = `${world.prefix}:scripted:delayed`;
    const scores = await readScores(world.redis, delayed);
    const [first, second, third] = [scores[1], scores[3], scores[5]].map(Number) as [number, number, number];
    const job = await world.queue('scripted').getJob(scores[0] as string);
    expect(Math.floor(first / 4096)).toBe((job?.timestamp ?? 0) + 60_000);
    expect([second - first, third - second]).toEqual([1, 1]);
  });

  test('listeners hear added, waiting and duplicated of a queue that tells all', async ({ world }) => {
    const connection: Redis = openRedis(world.redisUrl, 'worker', 'test:events');
    const events = new QueueEvents(scripted.queue, { connection, prefix: world.prefix, lastEventId: '0' });
    const heard: string[] = [];
    const hear =
      (name: string) =>
      ({ jobId }: { jobId: string }): void =>
        void heard.push(`${name} ${jobId}`);
    events.on('added', hear('added')).on('waiting', hear('waiting')).on('duplicated', hear('duplicated'));
    world.onClose(async () => {
      await events.close();
      connection.disconnect();
    });
    const producer = world.producer({ events: 'all' });
    const { id } = await producer.enqueue(scripted, {}, { key: 'k' });
    await producer.enqueue(scripted, {}, { key: 'k' });
    await until('three events', () => heard.length === 3);
    expect(heard).toEqual([`added ${id}`, `waiting ${id}`, `duplicated ${id}`]);
  });
});
