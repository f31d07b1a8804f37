import { Queue } from 'bullmq';
import { describe, expect } from 'vitest';
import { bulk, row, scripted } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { ClusteredRedis } from '../support/clustered-redis.js';
import { OwnRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

const JOBS = 300;
const QUEUES = ['scripted', 'rows', 'bulk'];
const FULL = { code: 'BULLPEN_REDIS_UNAVAILABLE', message: expect.stringContaining('OOM') };

/** Where the tests fill a Redis. */
interface Place {
  readonly url: string;
  readonly prefix: string;
  /** Sets how much memory Redis may use, in bytes; 0 for no limit. */
  readonly limit: (bytes: number) => Promise<unknown>;
  readonly queue: (name: string) => Queue;
}

/** Enqueues jobs and rows of every kind, and then leaves Redis no memory at all. */
async function fill(world: World, { url, prefix, limit }: Place) {
  const producer = world.producer({ redis: url, prefix, redisTimeout: '1s' });
  const payload = (name: string, ...ends: object[]) => ({ name, ends: [...ends, { do: 'return' as const }] }) as never;
  await producer.enqueueMany(
    scripted,
    Array.from({ length: JOBS }, (_, at) => payload(`plain-${at}`)),
  );
  await producer.enqueue(scripted, payload('keyed'), { key: 'a' });
  await producer.enqueue(scripted, payload('failing', { do: 'throw', what: 'error' }));
  await producer.enqueue(scripted, payload('snoozing', { do: 'snooze', ms: 300 }));
  await producer.enqueue(scripted, payload('late'), { delay: 500 });
  const { id } = await producer.enqueue(scripted, payload('unwanted'), { delay: '1h' });
  const values = Array.from({ length: 40 }, (_, at) => ({ id: at, email: 'a@example.com' }));
  const source = () => sourceOf(values);
  await producer.batches.run(row, { name: 'single', source: source(), results: true });
  await producer.batches.run(bulk, { name: 'shared', source: source() });
  await producer.batches.run(row, { name: 'dropped', source: source(), delay: '1h' });
  await limit(1);
  await expect(producer.enqueue(scripted, payload('refused'))).rejects.toMatchObject(FULL);
  return { producer, unwanted: id };
}

async function drainFull(world: World, place: Place): Promise<void> {
  const { producer, unwanted } = await fill(world, place);
  expect(await producer.cancel(scripted, unwanted)).toBe('cancelled');
  expect(await producer.batches.cancel({ name: 'dropped' })).toMatchObject({ cancelled: 40 });

  const queues = QUEUES.flatMap((name) => ['--queue', name]);
  const flags = [...queues, '--redis', place.url, '--prefix', place.prefix, '--lease', '1s', '--keep-failed', '50'];
  const dying = world.workerProcess(flags);
  await world.started(1);
  dying.kill('SIGKILL');
  const worker = world.workerProcess(flags);
  const queue = place.queue('scripted');
  const kinds = ['wait', 'active', 'delayed', 'failed'] as const;
  const left = async () => Object.values(await queue.getJobCounts(...kinds)).reduce((sum, count) => sum + count, 0);
  await until('the queue to be empty', async () => (await left()) === 0, 30_000);
  const settled = { completed: 40, failed: 0, missing: 0 };
  for (const name of ['single', 'shared']) expect(await producer.batches.wait({ name })).toMatchObject(settled);
  expect(await queue.getCompletedCount()).toBe(JOBS + 4);
  expect(worker.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  // It is still full: what was drained is kept, or was small.
  await expect(producer.enqueue(scripted, { ends: [{ do: 'return' }] })).rejects.toMatchObject(FULL);
  await place.limit(0);
  const { id } = await producer.enqueue(scripted, { ends: [{ do: 'return' }] });
  expect(await (await world.settled(queue, id)).getState()).toBe('completed');
}

describe('a Redis without memory', () => {
  test('is drained by a worker that starts while it is full, whatever its jobs do', async ({ world }) => {
    const own = await OwnRedis.start(world);
    await drainFull(world, {
      url: own.server.url,
      prefix: world.prefix,
      limit: (bytes) => own.admin.config('SET', 'maxmemory', String(bytes)),
      queue: (name) => own.queue(name),
    });
  });

  test('is drained also when it is a node of a cluster', async ({ world }) => {
    const cluster = await ClusteredRedis.start(world);
    const node = cluster.open();
    await drainFull(world, {
      url: cluster.url,
      prefix: cluster.prefix,
      limit: (bytes) => node.config('SET', 'maxmemory', String(bytes)),
      queue: (name) => {
        const queue = new Queue(name, { connection: node, prefix: cluster.prefix });
        world.onClose(() => queue.close());
        return queue;
      },
    });
  });

  test('takes no job beyond its limit, also while a cancellation is noted', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const producer = world.producer({ redis: own.server.url, redisTimeout: '500ms' });
    const path = `${world.folder}/finish`;
    const { id } = await producer.enqueue(scripted, { ends: [{ do: 'until-file', path }] });
    const worker = world.workerProcess(['--queue', 'scripted', ...own.flags]);
    await world.started(1);
    worker.kill('SIGSTOP');
    expect(await producer.cancel(scripted, id)).toBe('requested');
    await own.admin.config('SET', 'maxmemory', '1');
    await expect(producer.enqueue(scripted, { ends: [{ do: 'return' }] })).rejects.toMatchObject(FULL);
    const source = sourceOf([{ id: 1, email: 'a@example.com' }]);
    await expect(producer.batches.run(row, { name: 'refused', source })).rejects.toMatchObject(FULL);
    expect(await own.queue('scripted').count()).toBe(0);
    worker.kill('SIGCONT');
    await own.admin.config('SET', 'maxmemory', '0');
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
  });
});
