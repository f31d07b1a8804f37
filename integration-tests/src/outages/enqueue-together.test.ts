import type { Enqueued, EnqueueOptions, Producer } from '@bullpen/producer';
import { defineJob, QueueFull, RedisUnavailable } from '@bullpen/shared';
import { readBullpenOpts } from '@bullpen/shared/internal';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { OwnRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

/** Calls of one turn of the event loop go to Redis in one call. Here are many of them at once. */
const payload = z.object({ n: z.number() });
const job = defineJob({ name: 'test.together', queue: 'together', payload, maxAttempts: 3 });
const other = defineJob({ name: 'test.beside', queue: 'together', payload, expiresIn: '1h' });

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

/** What each call came to: its status, or the name of its error. */
async function endsOf(calls: readonly Promise<Enqueued>[]): Promise<string[]> {
  const ended = await Promise.allSettled(calls);
  return ended.map((call) => (call.status === 'fulfilled' ? call.value.status : call.reason.constructor.name));
}

const enqueueAll = (producer: Producer, each: readonly EnqueueOptions[]): Promise<Enqueued>[] =>
  each.map((options, n) => producer.enqueue(job, { n }, options));

/** How many script calls Redis has carried out. */
async function scriptCalls({ admin: redis }: OwnRedis): Promise<number> {
  const stats = await redis.info('commandstats');
  return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

/** The numbers in the payloads of the jobs that wait, in the order in which workers get them. */
async function waiting(world: World): Promise<number[]> {
  const jobs = await world.queue(job.queue).getWaiting();
  return jobs.map(({ data }) => data.n);
}

describe('jobs that are enqueued in one turn', () => {
  test('wait in the order of the calls, also across several script calls, and each is its own', async ({ world }) => {
    const producer = world.producer();
    const jobs = numbers(1_000).map((n) => producer.enqueue(n % 2 === 0 ? job : other, { n }));
    const many = Promise.all(jobs).then(() => producer.enqueueMany(job, [{ n: 1_000 }, { n: 1_001 }]));
    const enqueued = await Promise.all(jobs);
    await many;
    expect(await waiting(world)).toEqual(numbers(1_002));
    expect(new Set(enqueued.map(({ id }) => id)).size).toBe(1_000);
    const second = await world.queue(job.queue).getJob(enqueued[1]?.id ?? '');
    expect(second).toMatchObject({ name: other.name, data: { n: 1 } });
    expect(readBullpenOpts(second?.opts).expiresAt).toBe((second?.timestamp ?? 0) + 3_600_000);
  });

  test('need a script call for each 125', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const producer = world.producer({ redis: own.server.url });
    await producer.enqueue(job, { n: 0 });
    const before = await scriptCalls(own);
    await Promise.all(numbers(1_000).map((n) => producer.enqueue(job, { n })));
    expect((await scriptCalls(own)) - before).toBe(8);
  });

  test('with equal keys are one job: the later calls learn the id of the first', async ({ world }) => {
    const producer = world.producer();
    const calls = ['a', 'b', 'a', undefined, 'a'].map((key, n) => producer.enqueue(job, { n }, { key }));
    const [first, , third, , fifth] = await Promise.all([...calls, producer.enqueue(other, { n: 5 }, { key: 'a' })]);
    expect(await endsOf(calls)).toEqual(['added', 'added', 'duplicate', 'added', 'duplicate']);
    expect([third?.id, fifth?.id]).toEqual([first?.id, first?.id]);
    expect(await waiting(world)).toEqual([0, 1, 3, 5]);
  });

  test('are judged one by one: room, kind of priority and expiry, in their order', async ({ world }) => {
    const producer = world.producer();
    const at = await producer.time();
    const rooms: EnqueueOptions[] = [{ maxWaiting: 2 }, { maxWaiting: 2 }, { maxWaiting: 2 }, {}, { maxWaiting: 4 }];
    const expired: EnqueueOptions[] = [
      ...[{ priority: 3 }, { expiresAt: new Date(at - 1_000) }],
      { delay: '1h', expiresAt: new Date(at + 1_000) },
    ];
    const delayed: EnqueueOptions[] = [{ delay: '1h' }, { delay: '1h', maxWaiting: 5 }, { maxWaiting: 5 }];
    expect(await endsOf(enqueueAll(producer, [...rooms, ...expired, ...delayed]))).toEqual([
      ...['added', 'added', 'QueueFull', 'added', 'added', 'OptionsInvalid'],
      ...['OptionsInvalid', 'OptionsInvalid', 'added', 'QueueFull', 'added'],
    ]);
    expect(await waiting(world)).toEqual([0, 1, 3, 4, 10]);
  });

  test('with priorities come before those without in one turn: the first one decides', async ({ world }) => {
    const producer = world.producer();
    const ends = await endsOf(enqueueAll(producer, [{ priority: 2 }, {}, { priority: 1 }, { delay: '1h' }]));
    expect(ends).toEqual(['added', 'OptionsInvalid', 'added', 'OptionsInvalid']);
    const jobs = await world.queue(job.queue).getPrioritized();
    expect(jobs.map(({ data }) => data.n)).toEqual([2, 0]);
  });

  test('of which one is no job: the others are enqueued', async ({ world }) => {
    const producer = world.producer();
    const calls = [producer.enqueue(job, { n: 1 }), producer.enqueue(job, { n: 'x' } as never)];
    expect(await endsOf([...calls, producer.enqueue(job, { n: 2 })])).toEqual(['added', 'PayloadInvalid', 'added']);
    expect(await waiting(world)).toEqual([1, 2]);
  });
});

/** Enqueues what `options` say in one turn while the reply is lost. Answers what each call came to. */
async function withLostReply(world: World, each: readonly EnqueueOptions[], before?: (producer: Producer) => unknown) {
  const { proxy, url } = await world.proxy();
  const producer = world.producer({ redis: url });
  await producer.queues();
  await before?.(producer);
  proxy.mode = 'lose-replies';
  const calls = enqueueAll(producer, each);
  await until('a reply to be lost', () => proxy.lost > 0);
  const meanwhile = await waiting(world);
  return {
    meanwhile,
    ends: () => {
      proxy.mode = 'forward';
      return endsOf(calls);
    },
  };
}

describe('when the reply to jobs of one turn is lost', () => {
  test('each is added once, and answered as if the reply had come', async ({ world }) => {
    const each: EnqueueOptions[] = [{}, { key: 'a' }, { key: 'a' }, { key: 'taken' }, { delay: '1h' }];
    const { ends } = await withLostReply(world, each, (producer) => producer.enqueue(job, { n: 9 }, { key: 'taken' }));
    expect(await ends()).toEqual(['added', 'added', 'duplicate', 'duplicate', 'added']);
    expect(await waiting(world)).toEqual([9, 0, 1]);
    expect(await world.queue(job.queue).getDelayedCount()).toBe(1);
  });

  test('one that was refused is judged again, and the others need no room', async ({ world }) => {
    const { ends } = await withLostReply(world, [{}, { maxWaiting: 1 }, { priority: 1 }]);
    expect(await ends()).toEqual(['added', 'QueueFull', 'OptionsInvalid']);
    expect(await waiting(world)).toEqual([0]);
  });

  test('one that has ended meanwhile is not added again, as one beside it proves that it was in', async ({ world }) => {
    const { ends, meanwhile } = await withLostReply(world, [{}, {}, {}]);
    expect(meanwhile).toEqual([0, 1, 2]);
    const [first] = await world.queue(job.queue).getWaiting();
    await first?.remove();
    expect(await ends()).toEqual(['added', 'added', 'added']);
    expect(await waiting(world)).toEqual([1, 2]);
  });
});

describe('when Redis is away', () => {
  test('each call of a turn hears of it in its time, and none takes effect later', async ({ world }) => {
    const { proxy, url } = await world.proxy();
    const producer = world.producer({ redis: url, redisTimeout: '2s' });
    await producer.queues();
    proxy.mode = 'black-hole';
    const calls = numbers(600).map((n) => producer.enqueue(job, { n }).catch((error: unknown) => error));
    const errors = (await Promise.all(calls)) as RedisUnavailable[];
    expect(new Set(errors).size).toBe(600);
    for (const error of errors) expect(error).toBeInstanceOf(RedisUnavailable);
    expect(errors.map(({ unanswered }) => unanswered)).toEqual(errors.map(() => true));
    proxy.mode = 'forward';
    expect(await until('Redis to answer', () => producer.queues().catch(() => undefined))).toEqual([]);
    expect(await world.keys()).toEqual([]);
  });

  test('killed in the middle: each call is answered, and what is added is in once', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const { server } = own;
    const producer = world.producer({ redis: server.url, redisTimeout: '20s' });
    await producer.enqueue(job, { n: -1 });
    const calls = numbers(2_000).map((n) => producer.enqueue(job, { n }, { key: `key-${n}` }));
    await calls[0];
    await server.kill();
    await server.start();
    expect(new Set(await endsOf(calls))).toEqual(new Set(['added']));
    const jobs = await own.queue(job.queue).getWaiting();
    expect(jobs.map(({ data }) => data.n).sort((a, b) => a - b)).toEqual([-1, ...numbers(2_000)]);
  });
});

test('a full queue refuses what exceeds its room, of many producers', async ({ world }) => {
  const producers = [world.producer(), world.producer(), world.producer()];
  const calls = numbers(900).map((n) =>
    (producers[n % 3] as Producer).enqueue(job, { n }, { maxWaiting: 500 }).catch((error: unknown) => error),
  );
  const ends = await Promise.all(calls);
  expect(ends.filter((end) => end instanceof QueueFull)).toHaveLength(400);
  expect(await waiting(world)).toHaveLength(500);
});
