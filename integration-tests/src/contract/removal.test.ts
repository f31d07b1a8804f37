import type { Events } from '@bullpen/shared';
import type { Redis } from '@bullpen/shared/internal';
import { FlowProducer, type JobsOptions, Queue, Worker } from 'bullmq';
import { describe, expect } from 'vitest';
import { StockClient } from '../support/stock-client.js';
import { test, type World } from '../support/world.js';
import { tellEvents, withEvents } from './told-events.js';

/**
 * `cancel` removes jobs that BullMQ binds together by a script of ours, as producers do not have
 * BullMQ. These tests compare what it leaves on Redis with what BullMQ's own removal leaves. An
 * upgrade that changes it fails here.
 */

/** A queue with the job `x`, which is to go. */
interface Side {
  readonly prefix: string;
  readonly queue: Queue;
  readonly flows: FlowProducer;
}

const child = (jobId: string, opts: JobsOptions = {}) => ({
  name: 'test.stock',
  queueName: 'stock',
  data: {},
  opts: { jobId, ...opts },
});
const flow = ({ flows }: Side, parent: string, children: string[], opts: JobsOptions = {}, more: JobsOptions = {}) =>
  flows.add({ ...child(parent, opts), children: children.map((id) => child(id, more)) });
const add = ({ queue }: Side, opts: JobsOptions = {}) => queue.add('test.stock', {}, { jobId: 'x', ...opts });

const CASES: Record<string, (side: Side) => Promise<unknown>> = {
  'a job that waits': (side) => add(side),
  'a delayed job': (side) => add(side, { delay: 60_000 }),
  'a job with a priority': (side) => add(side, { priority: 3 }),
  'a deduplicated job': (side) => add(side, { deduplication: { id: 'd' } }),
  'a deduplicated job that another one has replaced': async (side) => {
    await add(side, { deduplication: { id: 'd' } });
    await side.queue.removeDeduplicationKey('d');
    await side.queue.add('test.stock', {}, { jobId: 'y', deduplication: { id: 'd' } });
  },
  'a parent that waits for its children': (side) => flow(side, 'x', ['y', 'z']),
  'one of two children': (side) => flow(side, 'p', ['x', 'y']),
  'the only child: its parent gets its turn': (side) => flow(side, 'p', ['x']),
  'the only child of a parent on a paused queue': async (side) => {
    await flow(side, 'p', ['x']);
    await side.queue.pause();
  },
  'the only child, which is delayed': (side) => flow(side, 'p', ['x'], {}, { delay: 60_000 }),
};

async function sideOf(world: World, name: string): Promise<Side> {
  const prefix = `${world.prefix}-${name}`;
  const queue = new Queue('stock', { connection: world.redis, prefix });
  const flows = new FlowProducer({ connection: world.redis, prefix });
  world.onClose(async () => {
    await Promise.all([queue.close(), flows.close()]);
    const keys = await world.redis.keys(`${prefix}:*`);
    if (keys.length > 0) await world.redis.unlink(...keys);
  });
  await queue.waitUntilReady();
  return { prefix, queue, flows };
}

/** All keys under a prefix. What differs by nature is made equal. */
async function snapshot(redis: Redis, prefix: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const key of (await redis.keys(`${prefix}:*`)).sort()) {
    const name = key.slice(prefix.length);
    // The record of a cancellation is ours.
    if (name !== ':stock:cancelled:x')
      found[name] = JSON.parse(JSON.stringify(await read(redis, key)).replaceAll(prefix, 'P'));
  }
  return found;
}

async function read(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'hash': {
      const { timestamp: _, 'bullpen.cancelled': __, ...hash } = await redis.hgetall(key);
      return hash;
    }
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return (await redis.smembers(key)).sort();
    case 'zset':
      return redis.zrange(key, '0', '-1');
    case 'stream':
      return (await redis.xrange(key, '-', '+')).map(([, fields]) => {
        const at = fields.indexOf('delay');
        return at < 0 ? fields : [...fields.slice(0, at), 'delay'];
      });
    default:
      return redis.get(key);
  }
}

describe('cancel leaves on Redis what BullMQ’s own removal leaves', () => {
  const atLevel = (events: Events, names: readonly string[]) => names.map((name) => [name, events] as const);
  test.for([
    ...atLevel('all', Object.keys(CASES)),
    ...(['ends', 'none'] as const).flatMap((events) =>
      atLevel(events, ['a job that waits', 'the only child: its parent gets its turn']),
    ),
  ])('%s, in a queue that tells %s', async ([name, events], { world }) => {
    const [ours, theirs] = [await sideOf(world, 'ours'), await sideOf(world, 'theirs')];
    for (const side of [ours, theirs]) {
      await CASES[name]?.(side);
      // The stock client that made the jobs has told all events of them.
      await world.redis.del(`${side.prefix}:stock:events`);
      await tellEvents(world.redis, `${side.prefix}:stock`, events);
    }
    expect(await world.producer({ prefix: ours.prefix }).cancel(new StockClient(world).job, 'x')).toBe('cancelled');
    expect(await theirs.queue.remove('x', { removeChildren: false })).toBe(1);
    expect(await snapshot(world.redis, ours.prefix)).toEqual(
      withEvents(await snapshot(world.redis, theirs.prefix), events, ':stock:events'),
    );
  });

  test('but a parent with a priority keeps it: jobs without one would let it pass before all others', async ({
    world,
  }) => {
    const side = await sideOf(world, 'ours');
    await flow(side, 'p', ['x'], { priority: 3 });
    expect(await world.producer({ prefix: side.prefix }).cancel(new StockClient(world).job, 'x')).toBe('cancelled');
    expect(await side.queue.getJobState('p')).toBe('prioritized');
    expect(await world.redis.zcard(`${side.prefix}:stock:marker`)).toBe(1);
  });
});

test('a stock worker does not attempt the next run of a job scheduler that was cancelled', async ({ world }) => {
  const { queue, prefix } = await sideOf(world, 'theirs');
  const { id = '' } = await queue.upsertJobScheduler('often', { every: 60_000 }, { name: 'test.stock', data: {} });
  expect(await world.producer({ prefix }).cancel(new StockClient(world).job, id)).toBe('requested');
  const attempted: unknown[] = [];
  const connection = world.redis.duplicate();
  const worker = new Worker('stock', async (job) => void attempted.push(job.id), { connection, prefix });
  world.onClose(async () => {
    await worker.close();
    connection.disconnect();
  });
  expect((await world.settled(queue, id)).failedReason).toBe('JobCancelled: the job was cancelled');
  expect([attempted, await queue.getDelayedCount()]).toEqual([[], 1]);
});
