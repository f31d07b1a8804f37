import { setTimeout as sleep } from 'node:timers/promises';
import { handle } from '@bullpen/worker';
import { FlowProducer, Queue } from 'bullmq';
import { describe, expect } from 'vitest';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';
import { bothSides, job, type Play, type Side } from './sides.js';

/**
 * What our main loop leaves on Redis beside the success of one job after the other: several jobs of
 * one turn, what stock clients put into a queue, retention, and limits.
 */

const KEPT = { count: 1_000, age: 3_600 };
const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `n-${at + 1}`);

/** An idle worker takes the marker away. */
const withoutMarker = (found: Record<string, unknown>): object => ({ ...found, marker: undefined });

/** Plays the same on both sides, until no job is left, and compares all keys. */
async function expectTheSame(world: World, play: Play): Promise<readonly [Side, Side]> {
  const sides = await bothSides(world, play);
  for (const side of sides) {
    side.letGo();
    await side.done();
  }
  const [ours, theirs] = await Promise.all(sides.map((side) => side.snapshot()));
  expect(withoutMarker(ours ?? {})).toEqual(withoutMarker(theirs ?? {}));
  expect(sides[0].started).toEqual(sides[1].started);
  return sides;
}

describe('several jobs that one turn fetches', () => {
  for (const [waiting, priority] of [
    [7, undefined],
    [7, 3],
    [5, undefined],
    [3, undefined],
  ] as const) {
    const title = `${waiting} for 5 slots ${priority === undefined ? '' : 'with a priority '}`;
    test(`${title}are in the order, with the locks, counts, marker and events of a stock worker`, async ({ world }) => {
      const sides = await bothSides(world, {
        ...{ concurrency: 5, keep: KEPT },
        before: (side) => side.add(names(waiting), priority === undefined ? {} : { priority }),
        run: (side) => side.gate,
      });
      for (const side of sides) await side.begun(Math.min(5, waiting));
      const [ours = {}, theirs = {}] = await Promise.all(sides.map((side) => side.snapshot()));
      // With a slot left, both wait for the marker, and take it.
      const seen = waiting < 5 ? withoutMarker : (found: object) => found;
      expect(seen(ours)).toEqual(seen(theirs));
      expect(sides[0].started).toEqual(sides[1].started);
      expect(await world.redis.lrange(sides[0].key('active'), 0, -1)).toHaveLength(Math.min(5, waiting));
    });
  }
});

describe('a job that a stock client added leaves what it leaves with a stock worker', () => {
  for (const [title, opts] of Object.entries({
    'with lifo': { lifo: true },
    'with a priority': { priority: 5 },
    'with removeOnComplete': { removeOnComplete: true },
    'with removeOnComplete: false': { removeOnComplete: false },
    'with a number of completed jobs to keep': { removeOnComplete: 1 },
    'with an age of completed jobs to keep': { removeOnComplete: { age: 60 } },
    'with keepLogs and stackTraceLimit': { keepLogs: 1, stackTraceLimit: 1 },
  })) {
    test(title, ({ world }) =>
      expectTheSame(world, { keep: KEPT, before: (side) => side.add(names(4), opts) }).then(() => undefined),
    );
  }

  test('with deduplication: the next one with its id is added when it has ended', async ({ world }) => {
    const sides = await expectTheSame(world, {
      keep: KEPT,
      async before(side) {
        await side.add(['n-1'], { deduplication: { id: 'd' } });
        await side.add(['n-2'], { deduplication: { id: 'd' } });
      },
    });
    for (const side of sides) {
      expect(side.started).toEqual(['n-1']);
      await side.add(['n-3'], { deduplication: { id: 'd' } });
      await side.begun(2);
      expect(side.started).toEqual(['n-1', 'n-3']);
    }
  });

  test('a parent and its children', ({ world }) =>
    expectTheSame(world, {
      keep: KEPT,
      async before(side) {
        const flows = new FlowProducer({ connection: world.redis, prefix: side.prefix });
        world.onClose(() => flows.close());
        const childOf = (name: string) => ({
          name: job.name,
          queueName: job.queue,
          data: { name },
          opts: { jobId: name },
        });
        await flows.add({ ...childOf('parent'), children: ['child-1', 'child-2'].map(childOf) });
      },
    }).then(([ours]) => expect(ours.started).toEqual(['child-1', 'child-2', 'parent'])));

  test('a run of a job scheduler, and the next run', async ({ world }) => {
    const sides = await bothSides(world, {
      keep: KEPT,
      before: ({ queue }) =>
        queue.upsertJobScheduler('hourly', { every: 3_600_000 }, { name: job.name, data: { name: 'x' } }),
    });
    for (const side of sides) {
      await side.begun(1);
      await side.done();
    }
    const [ours = {}, theirs = {}] = await Promise.all(sides.map((side) => side.snapshot()));
    // BullMQ's script says that the queue is drained where it fetches nothing: ours fetches later.
    const comparable = ({ events, ...rest }: Record<string, unknown>): object => {
      const untilNext = /"delay":"3[56]\d+"/g;
      return {
        ...JSON.parse(JSON.stringify(withoutMarker(rest)).replaceAll(untilNext, '"delay":"until the next run"')),
        events: (events as string[]).filter((event) => event !== 'event drained'),
      };
    };
    expect(comparable(ours)).toEqual(comparable(theirs));
    for (const { queue } of sides) expect(await queue.getDelayedCount()).toBe(1);
  });
});

describe('completed jobs are removed as a stock worker removes them', () => {
  test('when there are more than the queue keeps', async ({ world }) => {
    const sides = await expectTheSame(world, { keep: { count: 3 }, before: (side) => side.add(names(9)) });
    for (const { queue } of sides) expect(await queue.getCompletedCount()).toBe(3);
  });

  test('when they are older than the queue keeps them, with their logs', async ({ world }) => {
    const sides = await expectTheSame(world, {
      keep: { age: 60 },
      before: (side) => side.add(names(4)),
      async run(side, nth) {
        if (nth < 4) return;
        // As if the first two had been completed an hour ago.
        for (const name of ['n-1', 'n-2']) {
          await world.redis.rpush(side.key(`${name}:logs`), 'a line');
          await world.redis.zadd(side.key('completed'), Date.now() - 3_600_000, name);
        }
      },
    });
    for (const { queue } of sides) expect(await queue.getCompletedCount()).toBe(2);
    expect(await world.redis.keys(`${sides[0].prefix}:*:logs`)).toEqual([]);
  });
});

describe('delayed jobs that fall due while the worker is busy', () => {
  test('begin in the order in which they are due, as with a stock worker', ({ world }) =>
    expectTheSame(world, {
      keep: KEPT,
      before: (side) => side.add(['n-1']),
      async run(side, nth) {
        if (nth > 1) return;
        const timestamp = Date.now();
        for (const [at, name] of ['c', 'a', 'b'].entries()) await side.add([name], { delay: 30 - 10 * at, timestamp });
        await side.add(['p-2', 'p-1'], { delay: 1, timestamp, priority: 2 });
        await until('all to be due', () => Date.now() > timestamp + 40);
      },
    }).then(() => undefined));

  test('in a steady stream: each is attempted once, and none is left', async ({ world }) => {
    const queue = world.queue(job.queue);
    const begun: string[] = [];
    const handler = handle(job, async ({ name }) => {
      begun.push(name);
      await sleep(2);
    });
    const stream = Array.from({ length: 300 }, (_, at) => ({
      ...{ name: job.name, data: { name: `${at}` } },
      opts: { jobId: `s-${at}`, delay: 1 + at * 5 },
    }));
    await queue.addBulk(stream);
    world.worker({ handlers: [handler], concurrency: 4 });
    await until('all to be completed', async () => (await queue.getCompletedCount()) === 300);
    expect(begun.toSorted()).toEqual(stream.map(({ data }) => data.name).toSorted());
    expect(await queue.getJobCountByTypes('delayed', 'wait', 'active', 'failed')).toBe(0);
  });
});

describe('a limit of the whole queue, with jobs fetched ahead', () => {
  test('of five jobs a second lets five begin in each window, by the clock of Redis', async ({ world }) => {
    const queue = world.queue(job.queue);
    await queue.setGlobalRateLimit(5, 1_000);
    const added = await world.producer().enqueueMany(
      job,
      names(17).map((name) => ({ name })),
    );
    world.worker({ handlers: [handle(job, () => 1)], concurrency: 50 });
    await until('all to be completed', async () => (await queue.getCompletedCount()) === 17);
    const fetchedAt: number[] = [];
    for (const one of added) {
      if (one.status === 'rejected') throw new Error('a job was rejected');
      fetchedAt.push((await queue.getJob(one.id))?.processedOn ?? Number.NaN);
    }
    fetchedAt.sort((a, b) => a - b);
    const windows = [0, 5, 10, 15].map((first) => fetchedAt[first] ?? Number.NaN);
    // A window begins with the fetch of its first job.
    for (let at = 1; at < windows.length; at += 1) {
      expect((windows[at] ?? 0) - (windows[at - 1] ?? 0)).toBeGreaterThanOrEqual(999);
    }
  });

  test('of three jobs at once never has more than three active on Redis', async ({ world }) => {
    const queue = world.queue(job.queue);
    await queue.setGlobalConcurrency(3);
    await world.producer().enqueueMany(
      job,
      names(300).map((name) => ({ name })),
    );
    const seen = new Set<number>();
    const look = async (): Promise<void> => void seen.add(await queue.getActiveCount());
    const handler = handle(job, async ({ name }) => {
      // Most are quick enough to be fetched ahead.
      if (Number(name.slice(2)) % 10 === 0) await look();
    });
    for (let count = 0; count < 2; count += 1) world.worker({ handlers: [handler], concurrency: 10 });
    await until('all to be completed', async () => {
      await look();
      return (await queue.getCompletedCount()) === 300;
    });
    expect(Math.max(...seen)).toBeLessThanOrEqual(3);
    expect(Math.max(...seen)).toBeGreaterThan(0);
  });

  for (const [workers, concurrency] of [
    [1, 20],
    [2, 1],
  ] as const) {
    test(`of one job at once never stands still, with ${workers} × ${concurrency} slots`, async ({ world }) => {
      const queue = world.queue(job.queue);
      await queue.setGlobalConcurrency(1);
      const begun: string[] = [];
      const handler = handle(job, async ({ name }) => {
        begun.push(name);
        if (begun.length % 5 === 0) await sleep(1);
      });
      // The end of every tenth job is recorded in a call of its own.
      await queue.addBulk(
        names(400).map((name, at) => ({
          ...{ name: job.name, data: { name } },
          opts: at % 10 === 0 ? { removeOnComplete: false } : {},
        })),
      );
      for (let count = 0; count < workers; count += 1) world.worker({ handlers: [handler], concurrency });
      // A worker that nobody wakes looks every few seconds, and would need minutes.
      await until('all to be completed', async () => (await queue.getCompletedCount()) === 400, 20_000);
      expect(begun.toSorted()).toEqual(names(400).toSorted());
    });
  }

  for (const [what, limit] of [
    ['jobs at once', (queue: Queue) => queue.setGlobalConcurrency(1.5)],
    ['jobs a window', (queue: Queue) => queue.setGlobalRateLimit(2.5, 100)],
  ] as const) {
    test(`of a number of ${what} that is no whole number stops no job`, async ({ world }) => {
      const queue = world.queue(job.queue);
      await limit(queue);
      await queue.addBulk(names(12).map((name) => ({ name: job.name, data: { name } })));
      world.worker({ handlers: [handle(job, () => 1)], concurrency: 5 });
      await until('all to be completed', async () => (await queue.getCompletedCount()) === 12, 20_000);
    });
  }
});

describe('in front of the jobs that wait', () => {
  for (const [what, put] of Object.entries({
    'a key that is no job': async ({ redis }: World, queue: Queue) => {
      await redis.set(queue.toKey('stranger'), 'text');
      await redis.rpush(queue.toKey('wait'), 'stranger');
    },
    'a key that is no job, among the delayed jobs': async ({ redis }: World, queue: Queue) => {
      await redis.set(queue.toKey('stranger'), 'text');
      await redis.zadd(queue.toKey('delayed'), 1, 'stranger');
    },
    'a job whose count of fetches is no number': async ({ redis }: World, queue: Queue) => {
      const { id = '' } = await queue.add(job.name, { name: 'odd' }, { lifo: true });
      await redis.hset(queue.toKey(id), 'ats', '');
    },
  })) {
    test(`${what} holds up none of them`, async ({ world }) => {
      const queue = world.queue(job.queue);
      await queue.addBulk(names(4).map((name) => ({ name: job.name, data: { name } })));
      await put(world, queue);
      await queue.add(job.name, { name: 'n-5' }, { delay: 1 });
      const begun = new Set<string>();
      world.worker({ handlers: [handle(job, ({ name }) => void begun.add(name))], concurrency: 2 });
      await until('all to begin', () => names(5).every((name) => begun.has(name)), 20_000);
      const isEmpty = async () => (await queue.getJobCountByTypes('wait', 'delayed', 'active')) === 0;
      await until('none to be left', isEmpty, 20_000);
    });
  }
});

describe('fetching ahead', () => {
  /** What 300 quick jobs leave, but how often they were fetched, and in which order. */
  async function leftBy(world: World, fetchAhead: boolean): Promise<object> {
    const prefix = `${world.prefix}-${fetchAhead}`;
    world.onClose(async () => {
      const keys = await world.redis.keys(`${prefix}:*`);
      if (keys.length > 0) await world.redis.unlink(...keys);
    });
    const { redis } = world;
    const base = `${prefix}:${job.queue}:`;
    const queue = new Queue(job.queue, { connection: redis, prefix });
    world.onClose(() => queue.close());
    const ids = names(300);
    await queue.addBulk(ids.map((name) => ({ name: job.name, data: { name }, opts: { jobId: name } })));
    world.worker({ prefix, handlers: [handle(job, ({ name }) => ({ name }))], concurrency: 4, fetchAhead });
    await until('all to be completed', async () => (await redis.zcard(`${base}completed`)) === 300);
    const jobs: unknown[] = [];
    for (const id of ids) {
      const { pb, ats, bph, processedOn, finishedOn, timestamp, ...fields } = await redis.hgetall(base + id);
      expect(Number(ats)).toBeGreaterThan(0);
      expect([pb, processedOn, finishedOn, timestamp].every(Boolean)).toBe(true);
      jobs.push(fields);
    }
    const completions = (await redis.xrange(`${base}events`, '-', '+')).filter(([, fields]) =>
      fields.includes('completed'),
    );
    const others = (await redis.keys(`${base}*`)).map((key) => key.slice(base.length));
    return {
      jobs,
      completions: completions.length,
      others: others.filter((key) => !['marker', 'stalled-check'].includes(key)).sort(),
    };
  }

  test('leaves what fetching for free slots alone leaves', async ({ world }) => {
    expect(await leftBy(world, true)).toEqual(await leftBy(world, false));
  });
});
