import { defineJob } from '@bullpen/shared';
import { DELAYED_STEPS_PER_MS, LAYOUT, queueKeys, WAKE_MARKER } from '@bullpen/shared/internal';
import { handle } from '@bullpen/worker';
import { type Job, type JobsOptions, Queue, QueueKeys, Worker } from 'bullmq';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';
import { BULLMQ } from './installed-bullmq.js';

/**
 * `shared/redis/layout` says once how BullMQ keeps a queue on Redis, and all our scripts rely on
 * it. These tests compare each of its claims with what a stock BullMQ queue or worker leaves.
 */

const NAME = 'layout';
const TOKEN = 'token';

/** Where a value is kept: in the job `j`, or in the queue's meta. */
type Kept = 'job' | 'meta';

/** The values of the names in the layout. */
type Names = Record<
  | 'ATTEMPTS_MADE'
  | 'FETCHES'
  | 'CRASHES'
  | 'WORKER'
  | 'LOCK'
  | 'LOGS'
  | 'PAUSED'
  | 'CONCURRENCY'
  | 'RATE_LIMIT'
  | 'MAX_EVENTS',
  string
>;
const NAMES = [
  ...(['ATTEMPTS_MADE', 'FETCHES', 'CRASHES', 'WORKER', 'LOCK', 'LOGS'] as const),
  ...(['PAUSED', 'CONCURRENCY', 'RATE_LIMIT', 'MAX_EVENTS'] as const),
];

/** A stock queue, a stock worker, and pieces of the layout to compare them with. */
async function stockOf(world: World) {
  const { redis, prefix } = world;
  const keys = queueKeys(prefix, NAME);
  const queue = world.queue(NAME);
  await queue.waitUntilReady();
  const worker = new Worker(NAME, null, { connection: redis, prefix, name: 'w1', autorun: false });
  world.onClose(() => worker.close());
  await worker.waitUntilReady();
  const pieces = Object.values(LAYOUT).join('');
  const lua = (body: string, ...args: (string | number)[]) => redis.eval(`${pieces}\n${body}`, 0, ...args);
  const values = (await lua(`return { ${NAMES.join(', ')} }`)) as string[];
  const names = Object.fromEntries(NAMES.map((name, at) => [name, values[at]])) as Names;
  const add = async (id: string, options: JobsOptions = {}): Promise<Job> =>
    queue.add('layout', { some: 'data' }, { jobId: id, ...options });
  /** Fetches the next job as a stock worker does; there must be one. */
  const fetch = async (): Promise<Job> => (await worker.getNextJob(TOKEN, { block: false })) as Job;
  /** Checks that a stock client keeps a value under the name that the layout has for it. */
  const expectValue = async (kept: Kept, name: keyof Names, value: string): Promise<void> => {
    const found = await (kept === 'meta'
      ? redis.hget(keys.meta, names[name])
      : redis.hget(`${keys.base}j`, names[name]));
    const told = `${BULLMQ} does not keep ${name} in '${names[name]}' of ${kept === 'meta' ? "a queue's meta" : 'a job'}`;
    expect(found, `${told}, as shared/redis/layout.ts says`).toBe(value);
  };
  const scores = async (key: string): Promise<number[]> => {
    const reply = (await redis.call('ZRANGE', key, '0', '-1', 'WITHSCORES')) as (string | string[])[];
    return reply.flat().flatMap((part, at) => (at % 2 === 1 ? [Number(part)] : []));
  };
  return { redis, keys, queue, worker, lua, names, add, fetch, expectValue, scores };
}

describe(`${BULLMQ} has the names that shared/redis/layout.ts has, of`, () => {
  test('the keys of a queue', () => {
    const { base, ...keys } = queueKeys('p', 'q');
    const theirs = new QueueKeys('p').getKeys('q');
    expect(base).toBe(theirs['']);
    const named = (name: string) => (name === 'waitingChildren' ? 'waiting-children' : name);
    expect(keys).toEqual(Object.fromEntries(Object.keys(keys).map((name) => [name, theirs[named(name)]])));
  });

  test('the fields and keys of a job, through an attempt that fails, a crash and an end', async ({ world }) => {
    const { redis, keys, worker, names, add, fetch, expectValue } = await stockOf(world);
    const field = (name: string) => redis.hget(`${keys.base}j`, name);
    const told = `${BULLMQ} names a field of a job differently than our scripts do`;
    await add('j', { attempts: 9, priority: 2 });
    const stored = await redis.hgetall(`${keys.base}j`);
    expect(Object.keys(stored).sort(), told).toEqual(['data', 'delay', 'name', 'opts', 'priority', 'timestamp']);
    expect(stored).toMatchObject({ name: 'layout', data: '{"some":"data"}', delay: '0', priority: '2' });

    const first = await fetch();
    expect(await redis.get(`${keys.base}j${names.LOCK}`), `${BULLMQ} keeps no lock in <job>${names.LOCK}`).toBe(TOKEN);
    await expectValue('job', 'WORKER', 'w1');
    await expectValue('job', 'FETCHES', '1');
    expect(await field('processedOn'), told).toMatch(/^\d{13}$/);
    await first.updateProgress(50);
    expect(await field('progress'), told).toBe('50');
    await first.log('a line');
    const logs = await redis.lrange(`${keys.base}j${names.LOGS}`, 0, -1);
    expect(logs, `${BULLMQ} keeps no log in <job>${names.LOGS}`).toEqual(['a line']);
    await first.moveToFailed(new Error('boom'), TOKEN, false);
    await expectValue('job', 'ATTEMPTS_MADE', '1');
    expect(await field('failedReason'), told).toBe('boom');

    await fetch();
    await expectValue('job', 'FETCHES', '2');
    await redis.del(`${keys.base}j${names.LOCK}`);
    // One check notes the active jobs; the next gives back those that have no lock then. The key
    // keeps the checks of a fleet apart.
    for (let check = 0; check < 2; check += 1) {
      await redis.del(`${keys.base}stalled-check`);
      await worker.backend.moveStalledJobsToWait();
    }
    await expectValue('job', 'CRASHES', '1');

    const last = await fetch();
    expect(await redis.lrange(keys.active, 0, -1)).toEqual(['j']);
    await last.moveToCompleted('done', TOKEN, false);
    expect(await field('finishedOn'), told).toMatch(/^\d{13}$/);
  });

  test('the settings of a queue', async ({ world }) => {
    const { redis, keys, queue, names, lua, expectValue } = await stockOf(world);
    await expectValue('meta', 'MAX_EVENTS', (await lua('return tostring(DEFAULT_MAX_EVENTS)')) as string);
    await queue.pause();
    await queue.setGlobalConcurrency(3);
    await queue.setGlobalRateLimit(5, 1_000);
    await expectValue('meta', 'PAUSED', '1');
    await expectValue('meta', 'CONCURRENCY', '3');
    await expectValue('meta', 'RATE_LIMIT', '5');
    const other = new Queue(NAME, {
      ...{ connection: redis, prefix: world.prefix },
      streams: { events: { maxLen: 50 } },
    });
    world.onClose(() => other.close());
    await other.waitUntilReady();
    await until('the length of the event stream', async () => (await redis.hget(keys.meta, names.MAX_EVENTS)) === '50');
    expect(await lua('local _, others = eventsOf(ARGV[1], ARGV[2]) return others', keys.events, keys.meta)).toEqual([
      keys.events,
      '50',
    ]);
  });
});

describe(`${BULLMQ} has the scores that shared/redis/layout.ts has, of`, () => {
  test('delayed jobs, also of those that become due in the same millisecond', async ({ world }) => {
    const { keys, lua, add, scores } = await stockOf(world);
    const timestamp = Date.now();
    const ours = `${keys.base}ours`;
    for (const [at, delay] of [60_000, 60_000, 70_000, 60_000].entries()) {
      await add(`j${at}`, { timestamp, delay });
      const body = "return redis.call('ZADD', ARGV[1], delayedScore(ARGV[1], tonumber(ARGV[2])), ARGV[3])";
      await lua(body, ours, timestamp + delay, `j${at}`);
    }
    const theirs = await scores(keys.delayed);
    expect(await scores(ours)).toEqual(theirs);
    expect(theirs.map((score) => Math.floor(score / DELAYED_STEPS_PER_MS) - timestamp)).toEqual([
      ...[60_000, 60_000, 60_000, 70_000],
    ]);
  });

  test('jobs with a priority, also when one is handed back', async ({ world }) => {
    const { redis, keys, lua, add, fetch } = await stockOf(world);
    for (const [at, priority] of [3, 1, 3].entries()) await add(`j${at}`, { priority });
    const scoreOf = async (id: string) => Number(await redis.zscore(keys.prioritized, id));
    const ours = async (priority: number, place: number) =>
      Number(await lua("return string.format('%.0f', ARGV[1] * PRIORITY_STEPS + ARGV[2])", priority, place));
    expect(await scoreOf('j0')).toBe(await ours(3, 1));
    expect(await scoreOf('j1')).toBe(await ours(1, 2));
    expect(await scoreOf('j2')).toBe(await ours(3, 3));
    expect(await redis.get(keys.pc)).toBe('3');
    const job = await fetch();
    await job.moveToWait(TOKEN);
    expect(await scoreOf('j1')).toBe(await ours(1, 0));
  });
});

describe(`${BULLMQ} keeps the order of a list:`, () => {
  test('new jobs come to its beginning, and those handed back to its end, where jobs are fetched', async ({
    world,
  }) => {
    const { redis, keys, add, fetch } = await stockOf(world);
    for (const id of ['a', 'b', 'c']) await add(id);
    expect(await redis.lrange(keys.wait, 0, -1)).toEqual(['c', 'b', 'a']);
    const job = await fetch();
    expect(job.id).toBe('a');
    await job.moveToWait(TOKEN);
    expect(await redis.lrange(keys.wait, 0, -1)).toEqual(['c', 'b', 'a']);
  });
});

describe(`${BULLMQ} sets the marker that wakes a worker as shared/redis/layout.ts does`, () => {
  const CASES: Record<string, { options?: JobsOptions; before?: (queue: Queue) => Promise<unknown>; wakes: boolean }> =
    {
      'a job that waits': { wakes: true },
      'a job with a priority': { options: { priority: 1 }, wakes: true },
      'a job of a paused queue': { before: (queue) => queue.pause(), wakes: false },
      'a job of a queue that is full': { before: (queue) => queue.setGlobalConcurrency(1), wakes: false },
      'a job of a queue that is not full': { before: (queue) => queue.setGlobalConcurrency(2), wakes: true },
    };
  for (const [name, { options, before, wakes }] of Object.entries(CASES)) {
    test(`by ${name}`, async ({ world }) => {
      const { redis, keys, queue, lua, add, fetch } = await stockOf(world);
      await add('busy');
      await fetch();
      await before?.(queue);
      await redis.del(keys.marker);
      await add('next', options);
      const theirs = await redis.zrange(keys.marker, '0', '-1', 'WITHSCORES');
      const ours = `${keys.base}ours`;
      await lua('wakeWorker(unpack(ARGV))', keys.meta, keys.active, ours);
      expect(await redis.zrange(ours, '0', '-1', 'WITHSCORES')).toEqual(theirs);
      expect(await redis.zscore(keys.marker, WAKE_MARKER[1])).toBe(wakes ? String(WAKE_MARKER[0]) : null);
    });
  }

  test('when the first of two delayed jobs is due', async ({ world }) => {
    const { redis, keys, lua, add } = await stockOf(world);
    const timestamp = Date.now();
    await add('later', { timestamp, delay: 70_000 });
    await add('sooner', { timestamp, delay: 60_000 });
    const ours = `${keys.base}ours`;
    await lua('wakeWhenDue(unpack(ARGV))', keys.delayed, ours);
    const theirs = await redis.zrange(keys.marker, '0', '-1', 'WITHSCORES');
    expect(await redis.zrange(ours, '0', '-1', 'WITHSCORES')).toEqual(theirs);
    expect(theirs.flat().map(Number)).toEqual([1, timestamp + 60_000]);
  });
});

describe(`the event stream of ${BULLMQ}`, () => {
  test('keeps about as many events as the queue has set, after an insert of ours and of a stock queue', async ({
    world,
  }) => {
    const { redis, keys, names, add } = await stockOf(world);
    const ours = defineJob({ name: 'test.layout', queue: 'layout-ours', payload: z.object({}) });
    const { meta, events } = queueKeys(world.prefix, ours.queue);
    for (const key of [meta, keys.meta]) await redis.hset(key, names.MAX_EVENTS, '50');
    await world.producer({ events: 'all' }).enqueueMany(
      ours,
      Array.from({ length: 300 }, () => ({})),
    );
    for (let at = 0; at < 300; at += 1) await add(`j${at}`);
    // Two events for each of 300 jobs; Redis removes them by nodes of the stream, of 100 each.
    expect(await redis.xlen(keys.events)).toBeLessThan(200);
    expect(await redis.xlen(events)).toBeLessThan(200);
  });
});

describe(`a stock queue of ${BULLMQ}`, () => {
  test('finds a worker of ours by the name of its blocking connection', async ({ world }) => {
    const job = defineJob({ name: 'test.found', queue: 'found', payload: z.object({}) });
    const worker = world.worker({ handlers: [handle(job, () => undefined)] });
    await worker.ready;
    const queue = world.queue(job.queue);
    const found = await until('it to be found', async () => {
      const workers = await queue.getWorkers();
      return workers.length > 0 ? workers : undefined;
    });
    expect(found.map(({ name, rawname }) => [name, /:w:.+/.test(rawname ?? '')])).toEqual([[job.queue, true]]);
  });
});
