import { defineJob, type Events } from '@bullpen/shared';
import { handle } from '@bullpen/worker';
import { Queue, Worker } from 'bullmq';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';
import { snapshot } from './snapshot.js';
import { tellEvents, withEvents } from './told-events.js';

/**
 * A script of ours finds the jobs of dead processes, as BullMQ's charges every one of them. These
 * tests compare what it leaves on Redis with what BullMQ's leaves, key by key, except for the
 * charge.
 */

const job = defineJob({ name: 'test.stalled', queue: 'stalled', payload: z.unknown() });

interface Case {
  /** The jobs of a process that died, in the order of their fetches, and their options. */
  readonly jobs: Readonly<Record<string, { readonly priority?: number }>>;
  /** Whether the process has a name. */
  readonly isNamed?: boolean;
  /** How many crashes each job has afterwards. BullMQ counts one for each. */
  readonly crashes: number;
  readonly isSuspect: boolean;
  /** Which events the queue tells. Default all. */
  readonly events?: Events;
}

const CASES: Record<string, Case> = {
  'one job': { jobs: { a: {} }, crashes: 1, isSuspect: true },
  'several jobs': { jobs: { a: {}, b: {}, c: {} }, crashes: 0, isSuspect: true },
  'jobs with a priority': {
    jobs: { b: { priority: 3 }, a: { priority: 3 }, c: { priority: 5 } },
    crashes: 0,
    isSuspect: true,
  },
  'jobs of a stock worker without a name': { jobs: { a: {}, b: {} }, isNamed: false, crashes: 1, isSuspect: false },
  'one job, in a queue that tells ends': { jobs: { a: {} }, crashes: 1, isSuspect: true, events: 'ends' },
  'one job, in a queue that tells none': { jobs: { a: {} }, crashes: 1, isSuspect: true, events: 'none' },
};

interface Side {
  readonly prefix: string;
  readonly queue: Queue;
}

/** A paused queue with active jobs whose process has died. `check` starts who looks for them. */
async function sideOf(
  world: World,
  prefix: string,
  { jobs, isNamed = true, events = 'all' }: Case,
  check: (prefix: string) => void,
): Promise<Side> {
  const queue = new Queue(job.queue, { connection: world.redis, prefix });
  const options = { prefix, autorun: false, ...(isNamed ? { name: 'dead' } : {}) };
  const dead = new Worker(job.queue, null, { connection: world.redis, ...options });
  world.onClose(async () => {
    await Promise.all([queue.close(), dead.close()]);
    const keys = await world.redis.keys(`${prefix}:*`);
    if (keys.length > 0) await world.redis.unlink(...keys);
  });
  await queue.waitUntilReady();
  await tellEvents(world.redis, `${prefix}:${job.queue}`, events);
  for (const [jobId, options] of Object.entries(jobs)) {
    await queue.add(job.name, {}, { jobId, ...options });
    await dead.getNextJob('token', { block: false });
    await world.redis.del(`${prefix}:${job.queue}:${jobId}:lock`);
  }
  await queue.pause();
  // The stock client that made the jobs has told all events of them.
  await world.redis.del(`${prefix}:${job.queue}:events`);
  check(prefix);
  await until('the jobs to be back', async () => (await queue.getActiveCount()) === 0);
  return { prefix, queue };
}

const ours = (world: World, one: Case): Promise<Side> =>
  sideOf(world, `${world.prefix}-ours`, one, (prefix) => {
    world.worker({ prefix, handlers: [handle(job, () => undefined)], lease: '1s' });
  });

const theirs = (world: World, one: Case): Promise<Side> =>
  sideOf(world, `${world.prefix}-theirs`, one, (prefix) => {
    const worker = new Worker(job.queue, async () => undefined, {
      ...{ connection: { url: world.redisUrl }, prefix, stalledInterval: 200 },
    });
    world.onClose(() => worker.close());
  });

type Snapshot = Record<string, unknown>;

/**
 * Without what differs: crashes, and our marks. BullMQ returns several jobs in any order, and their
 * events with them.
 */
function comparable(found: Snapshot, ids: readonly string[]): Snapshot {
  const kept = Object.entries(found).filter(([key]) => !/^(died:|bullpen|suspects|wait$|prioritized$)/.test(key));
  return Object.fromEntries(
    kept.map(([key, value]) => {
      if (ids.includes(key)) {
        const { stc: _, 'bullpen.suspect': __, ...fields } = value as Record<string, string>;
        return [key, fields];
      }
      if (key === 'meta') return [key, Object.fromEntries(Object.entries(value as object).filter(isBullmqs))];
      return [key, key === 'events' ? [...(value as string[])].sort() : value];
    }),
  );
}

const isBullmqs = ([field]: [string, unknown]): boolean => !field.startsWith('bullpen');

describe('the stall check leaves in Redis what BullMQ’s leaves, except for the charge', () => {
  for (const [name, one] of Object.entries(CASES)) {
    test(`of ${name}`, async ({ world }) => {
      const sides = await Promise.all([ours(world, one), theirs(world, one)]);
      const [found = {}, expected = {}] = await Promise.all(sides.map((side) => snapshot(side, world.redis)));
      const ids = Object.keys(one.jobs);
      expect(comparable(found, ids)).toEqual(withEvents(comparable(expected, ids), one.events ?? 'all'));
      for (const id of ids) {
        const fields = found[id] as Record<string, string>;
        expect(Number(fields['stc'] ?? 0)).toBe(one.crashes);
        expect(Number(fields['bullpen.suspect'] ?? 0) > 0).toBe(one.isSuspect);
        expect(expected[id]).toMatchObject({ stc: '1' });
      }
      // The job that was fetched first is the next one again. BullMQ puts jobs with a priority into
      // the list of those without one.
      if (Object.values(one.jobs).every(({ priority }) => priority === undefined)) {
        expect(found['wait']).toEqual([...ids].reverse());
      } else {
        expect([found['wait'], await sides[0].queue.getPrioritized()]).toMatchObject([
          undefined,
          ids.map((id) => ({ id })),
        ]);
      }
    });
  }
});

for (const [crashes, othersAre] of [
  [0, 'not suspected'],
  [1, 'not suspected'],
  [2, 'suspected as well: it may take the blame for one of them'],
] as const)
  test(`the jobs of one dead process are found by different checks: of a job on trial with ${crashes} crashes, the others are ${othersAre}`, async ({
    world,
  }) => {
    const { redis, prefix } = world;
    const base = `${prefix}:${job.queue}:`;
    const queue = world.queue(job.queue);
    const dead = new Worker(job.queue, null, { connection: redis, prefix, name: 'dead', autorun: false });
    world.onClose(() => dead.close());
    for (const jobId of ['tried', 'beside', 'late']) {
      await queue.add(job.name, {}, { jobId });
      await dead.getNextJob('token', { block: false });
    }
    await queue.pause();
    const processedOn = await redis.hget(`${base}tried`, 'processedOn');
    await redis.hset(`${base}tried`, 'bullpen.suspect', '5', 'bullpen.trial', `dead 1 ${processedOn}`, 'stc', crashes);
    await redis.del(`${base}tried:lock`);
    world.worker({ handlers: [handle(job, () => undefined)], lease: '1s' });
    const left = (count: number) => until('a job to be back', async () => (await queue.getActiveCount()) === count);
    await left(2);
    await redis.del(`${base}beside:lock`);
    await left(1);
    await redis.del(`${base}late:lock`);
    await left(0);
    const marks = await Promise.all(
      ['tried', 'beside', 'late'].map((id) => redis.hmget(base + id, 'stc', 'bullpen.suspect')),
    );
    expect(marks.map(([charged]) => charged)).toEqual([String(crashes + 1), null, null]);
    expect(marks.map(([, suspect]) => suspect !== null)).toEqual([true, crashes > 1, crashes > 1]);
  });

test('a stall check calls a suspect that was put off, and no job that is delayed for another reason', async ({
  world,
}) => {
  const { redis, prefix } = world;
  const base = `${prefix}:${job.queue}:`;
  const queue = world.queue(job.queue);
  for (const jobId of ['snoozed', 'put-off']) await queue.add(job.name, {}, { jobId, delay: 3_600_000 });
  // The first one has come back by itself since it was put off, and waits for something else now.
  await redis.zadd(`${base}suspects`, 1, 'snoozed', 2, 'gone');
  await redis.zadd(`${base}suspects`, String(await redis.zscore(`${base}delayed`, 'put-off')), 'put-off');
  world.worker({ handlers: [handle(job, () => undefined)], lease: '1s' });
  await world.settled(queue, 'put-off');
  expect(await (await queue.getJob('snoozed'))?.getState()).toBe('delayed');
  expect(await redis.exists(`${base}suspects`)).toBe(0);
});

test('a job whose fetch Redis denied in its middle is not charged: nobody has begun it', async ({ world }) => {
  const { redis, prefix } = world;
  const base = `${prefix}:${job.queue}:`;
  const queue = world.queue(job.queue);
  await queue.add(job.name, {}, { jobId: 'unbegun' });
  await redis.rpoplpush(`${base}wait`, `${base}active`);
  await queue.pause();
  world.worker({ handlers: [handle(job, () => undefined)], lease: '1s' });
  await until('the job to be back', async () => (await queue.getActiveCount()) === 0);
  expect(await redis.hmget(`${base}unbegun`, 'stc', 'bullpen.suspect')).toEqual([null, null]);
});
