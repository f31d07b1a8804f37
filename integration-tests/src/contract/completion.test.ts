import { setTimeout as sleep } from 'node:timers/promises';
import { createProducer, type Producer } from '@bullpen/producer';
import { defineJob, type Events } from '@bullpen/shared';
import type { Redis } from '@bullpen/shared/internal';
import { handle } from '@bullpen/worker';
import { type Job, Queue, Worker } from 'bullmq';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { sourceOf } from '../support/batch-source.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';
import { snapshot } from './snapshot.js';
import { tellEvents, withEvents } from './told-events.js';

/**
 * A script of ours records the success of a row, as BullMQ's own script does more than is needed.
 * These tests compare what our script leaves on Redis, and which job it fetches next, with what a
 * stock BullMQ worker leaves. An upgrade that changes it fails here.
 */

const job = defineJob({ name: 'test.contract', queue: 'contract', payload: z.object({ name: z.string() }) });

/** Three rows that run one after the other. The second runs until `letGo` is called. */
interface Side {
  readonly prefix: string;
  readonly producer: Producer;
  readonly queue: Queue;
  readonly started: string[];
  letGo(): void;
}

/** What happens while the first row runs. */
type Meanwhile = (side: Side) => Promise<unknown>;

const CASES: Record<string, { priority?: number; meanwhile?: Meanwhile }> = {
  'rows that wait': {},
  'rows with a priority': { priority: 3 },
  'a queue that was paused': { meanwhile: ({ queue }) => queue.pause() },
  'a queue with a global concurrency': { meanwhile: ({ queue }) => queue.setGlobalConcurrency(1) },
  'a queue with a global rate limit': { meanwhile: ({ queue }) => queue.setGlobalRateLimit(1, 60_000) },
  'a delayed job that is not due': {
    meanwhile: ({ producer }) =>
      producer.batches.run(job, { name: 'c', source: sourceOf([{ name: 'x' }]), delay: 60_000 }),
  },
  'a delayed job that has become due': {
    meanwhile: async ({ producer, queue }) => {
      await producer.batches.run(job, { name: 'c', source: sourceOf([{ name: 'x' }]), delay: 5 });
      const [due] = await queue.getDelayed();
      await until('it to be due', () => Date.now() > (due?.timestamp ?? 0) + 10);
    },
  },
};

/** Whether no row begins after the first, as the queue is paused or over its limit. */
const isStopped = (name: string): boolean => name.includes('paused') || name.includes('rate limit');

async function sideOf(
  world: World,
  prefix: string,
  work: (side: Side, run: (attempted: Pick<Job, 'id'>) => Promise<unknown>) => void,
  name: string,
  events: Events,
): Promise<Side> {
  const { priority, meanwhile } = CASES[name] ?? {};
  const producer = createProducer({ redis: world.redisUrl, prefix });
  const queue = new Queue(job.queue, { connection: world.redis, prefix });
  world.onClose(async () => {
    await Promise.all([producer.close(), queue.close()]);
    const keys = await world.redis.keys(`${prefix}:*`);
    if (keys.length > 0) await world.redis.unlink(...keys);
  });
  await queue.waitUntilReady();
  await tellEvents(world.redis, `${prefix}:${job.queue}`, events);
  const source = sourceOf([{ name: '1' }, { name: '2' }, { name: '3' }]);
  await producer.batches.run(job, { name: 'b', source, ...(priority === undefined ? {} : { priority }) });
  let letGo = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const side = { prefix, producer, queue, started: [] as string[], letGo };
  work(side, async ({ id = '' }) => {
    side.started.push(id);
    if (side.started.length === 1) await meanwhile?.(side);
    if (side.started.length === 2) await gate;
    return { ok: true };
  });
  // If the test ends early: a worker waits for its job when it closes.
  world.onClose(async () => letGo());
  return side;
}

const ours = (world: World, name: string, events: Events): Promise<Side> =>
  sideOf(
    world,
    `${world.prefix}-ours`,
    ({ prefix }, run) => {
      const handlers = [handle(job, (_, { jobId }) => run({ id: jobId }))];
      world.worker({ prefix, handlers, concurrency: 1 });
    },
    name,
    events,
  );

const theirs = (world: World, name: string, events: Events): Promise<Side> =>
  sideOf(
    world,
    `${world.prefix}-theirs`,
    (side, run) => {
      const { prefix } = side;
      const worker = new Worker(job.queue, run, {
        ...{ connection: { url: world.redisUrl }, prefix, name: 'w' },
        // Bullpen removes the jobs of batches when they are settled.
        removeOnComplete: { count: 0 },
      });
      let completed = 0;
      worker.on('completed', () => {
        completed += 1;
      });
      world.onClose(async () => {
        // A stock worker that learns of a rate limit while it closes waits for the limit to end.
        await until('all jobs that began to be completed', () => completed === side.started.length, 5_000);
        await worker.close();
      });
    },
    name,
    events,
  );

/** Waits until the first row is done and the next job has begun, if one can begin. */
async function firstDone({ queue, started, prefix }: Side, redis: Redis, name: string): Promise<void> {
  await until('the first row to be completed', async () => (await redis.exists(`${prefix}:${queue.name}:b-b-1`)) === 0);
  if (!isStopped(name)) await until('the next job to begin', () => started.length === 2);
}

describe('a row’s success leaves in Redis what a stock BullMQ worker leaves', () => {
  for (const [name, events] of [
    ...Object.keys(CASES).map((name) => [name, 'all'] as const),
    ...(['ends', 'none'] as const).map((events) => ['rows that wait', events] as const),
  ]) {
    test(`of ${name}, in a queue that tells ${events}`, async ({ world }) => {
      const sides = await Promise.all([ours(world, name, events), theirs(world, name, events)]);
      const [one, other] = sides;
      await Promise.all(sides.map((side) => firstDone(side, world.redis, name)));
      const [found, expected = {}] = await Promise.all(sides.map((side) => snapshot(side, world.redis)));
      expect(found).toEqual(withEvents(expected, events));
      expect(one.started).toEqual(other.started);
      for (const { letGo } of sides) letGo();
      if (isStopped(name)) return;
      for (const side of sides) {
        await until(
          'all rows to be done',
          async () => (await side.queue.getJobCountByTypes('wait', 'active', 'prioritized')) === 0,
        );
      }
      const [last, lastExpected = {}] = await Promise.all(sides.map((side) => snapshot(side, world.redis)));
      // An idle worker takes the marker away.
      expect({ ...last, marker: undefined }).toEqual({ ...withEvents(lastExpected, events), marker: undefined });
      expect(await world.redis.hmget(`${one.prefix}:${job.queue}:batch:b`, 'added', 'completed')).toEqual(['3', '3']);
    });
  }
});

/**
 * The worker has free slots. They asked for a job, were told that the queue is full, and wait.
 */
describe('a row’s success in a queue that is full', () => {
  async function beginnings(world: World, count: number, run: (producer: Producer) => Promise<unknown>) {
    await world.queue(job.queue).setGlobalConcurrency(1);
    const producer = world.producer();
    const begun: number[] = [];
    const handlers = [
      handle(job, async () => {
        begun.push(performance.now());
        await run(producer);
      }),
    ];
    world.worker({ handlers, concurrency: 10 });
    return { producer, begun, all: () => until('all rows to begin', () => begun.length === count) };
  }

  test('brings the next of rows with a priority', async ({ world }) => {
    const { producer, begun, all } = await beginnings(world, 4, () => sleep(100));
    const source = sourceOf(['1', '2', '3', '4'].map((name) => ({ name })));
    await producer.batches.run(job, { name: 'b', source, priority: 3 });
    await all();
    // A blocking read lasts 3 s.
    expect((begun[3] ?? 0) - (begun[0] ?? 0)).toBeLessThan(3_000);
  });

  test('wakes a slot that waits, for a delayed job that has become due', async ({ world }) => {
    let ended = 0;
    const { producer, begun, all } = await beginnings(world, 2, async (own) => {
      if (ended > 0) return;
      // It is due after the free slots have begun to wait a second time: for 3 s, not for this job.
      await own.batches.run(job, { name: 'c', source: sourceOf([{ name: '2' }]), delay: 3_300 });
      await sleep(3_500);
      ended = performance.now();
    });
    await producer.batches.run(job, { name: 'b', source: sourceOf([{ name: '1' }]) });
    await all();
    expect((begun[1] ?? 0) - ended).toBeLessThan(1_000);
  });
});

describe('a row whose result Redis does not take', () => {
  test('is counted itself, and other rows that end in the same call are recorded', async ({ world }) => {
    const producer = world.producer();
    const rows = [1, 2, 3].map((row) => ({ name: `${row}` }));
    await producer.batches.run(job, { name: 'b', source: sourceOf(rows), results: true });
    await producer.batches.run(job, { name: 'c', source: sourceOf(rows) });
    const base = `${world.prefix}:${job.queue}`;
    await world.redis.set(`${base}:batch:b:results`, 'not a hash');
    let letGo = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let begun = 0;
    const handlers = [
      handle(job, async () => {
        begun += 1;
        await gate;
      }),
    ];
    const worker = world.worker({ handlers, concurrency: 12 });
    await until('all rows to begin', () => begun === 6);
    letGo();
    await until('no attempt to be under way', () => worker.active === 0);
    expect(await world.redis.hget(`${base}:batch:b`, 'completed')).toBe('3');
    expect(await world.redis.hget(`${base}:batch:c`, 'completed')).toBe('3');
    expect(await world.redis.keys(`${base}:b-*`)).toEqual([]);
  });
});
