import type { Redis } from '@bullpen/shared/internal';
import { Queue } from 'bullmq';
import { expect } from 'vitest';
import { row, scripted } from '../fixtures/jobs.js';
import { gatedRows } from '../support/batch-source.js';
import { until } from '../support/until.js';
import { WatchedRedis } from '../support/watched-redis.js';
import { test, type World } from '../support/world.js';

const JOBS = 100;
const HALF = 2_000;

/** Waits until so many replicas, which must be all, have everything that Redis accepted before. */
async function untilCopied(redis: Redis, replicas: number, { prefix }: World): Promise<void> {
  // WAIT is about the last write of its own connection; earlier writes of others are copied before
  // it.
  await redis.set(`${prefix}:marker`, '1');
  expect(await redis.wait(replicas, 0)).toBe(replicas);
}

const payload = { ends: [{ do: 'work' as const, ms: 20, heed: false }] };

test('Redis behind Sentinel: the primary is killed, then the next one steps down, and every job that was accepted and copied is done', async ({
  world,
}) => {
  const watched = await WatchedRedis.start(world);
  const { url } = watched;
  const redis = watched.open();
  const queue = new Queue(scripted.queue, { connection: redis, prefix: world.prefix });
  queue.on('error', () => undefined);
  world.onClose(() => queue.close());
  const flags = ['--queue', 'scripted:5', '--queue', 'rows:5', '--drain-timeout', '2s', '--abort-grace', '500ms'];
  const start = () => world.workerProcess([...flags, '--redis', url]);
  const [leaving, staying] = [start(), start()];
  await Promise.all([leaving.logged('worker ready'), staying.logged('worker ready')]);

  const producer = world.producer({ redis: url, redisTimeout: '30s' });
  const hasty = world.producer({ redis: url, redisTimeout: '500ms' });
  const enqueue = (key: string) => producer.enqueue(scripted, payload, { key });
  const { source, goOn } = gatedRows(HALF);
  world.onClose(async () => goOn());
  const batch = producer.batches.run(row, { name: 'through', source });
  const accepted = await Promise.all(Array.from({ length: JOBS }, (_, at) => enqueue(`before-${at}`)));
  expect(await hasty.enqueue(scripted, payload, { key: 'before-0' })).toMatchObject({ status: 'duplicate' });
  await until(
    'half of the batch to be in',
    async () => (await producer.batches.show({ name: 'through' })).read === HALF,
  );
  await untilCopied(redis, 2, world);

  await watched.killPrimary();
  leaving.kill('SIGTERM');
  const askedAt = performance.now();
  let isServed = false;
  const during = enqueue('during').finally(() => {
    isServed = true;
  });
  await expect(hasty.enqueue(scripted, payload)).rejects.toMatchObject({ code: 'BULLPEN_REDIS_UNAVAILABLE' });
  // The hasty producer has given up before there is a new primary.
  expect(isServed).toBe(false);
  await watched.failOver();
  // The drain ends within its limits, whatever Redis is doing: 4.5 s, and what a busy machine adds.
  expect([0, 70, 75]).toContain((await leaving.ended).code);
  expect(performance.now() - askedAt).toBeLessThan(15_000);
  expect(await during).toMatchObject({ status: 'added' });
  accepted.push(await during);
  goOn();
  expect(await batch).toMatchObject({ read: 2 * HALF, added: 2 * HALF, duplicate: 0 });

  // The new primary steps down in order.
  await untilCopied(redis, 1, world);
  await watched.moveOn();
  accepted.push(await enqueue('after'));
  expect(await watched.failovers()).toBe(2);
  // The whole answer is in the message: Vitest shows only what differs.
  const settled = await producer.batches.wait({ name: 'through' });
  expect(settled, JSON.stringify(settled)).toMatchObject({ completed: 2 * HALF, missing: 0 });

  for (const { id } of accepted) {
    const job = await world.settled(queue, id);
    expect(await job.getState()).toBe('completed');
    // A failover is no failure.
    expect(job.attemptsMade).toBe(1);
  }
  staying.kill('SIGTERM');
  expect((await staying.ended).code).toBe(0);
  const printed = `${JSON.stringify(leaving.log)}${JSON.stringify(staying.log)}`;
  expect(printed).toContain(`/jobs/0"`);
  expect(printed).not.toMatch(/of-redis|of%2Fthe|of\/the/);
});

test('sentinels refuse us, do not know the primary, or name a Redis that refuses us: exit 69, and stderr says which', async ({
  world,
}) => {
  const watched = await WatchedRedis.start(world);
  const worker = (redis: string) => world.workerProcess(['--queue', 'rows', '--redis', redis]).ended;
  const producer = (redis: string) =>
    world.producerProcess(['queues', '--redis', redis, '--redis-timeout', '1s']).ended;
  for (const wrong of [{ sentinelPassword: 'wrong' }, { redisPassword: 'wrong' }]) {
    const ended = await Promise.all([worker(watched.urlWith(wrong)), producer(watched.urlWith(wrong))]);
    for (const { code, stderr } of ended) {
      expect(code).toBe(69);
      expect(stderr).toMatch(/Redis at redis\+sentinel:\/\/\S+\/jobs\/0 refused us: .*WRONGPASS/);
      expect(/sentinel 127/.test(stderr)).toBe('sentinelPassword' in wrong);
    }
  }
  const unknown = await producer(watched.urlWith({ master: 'nobody' }));
  expect(unknown).toMatchObject({ code: 69, stderr: expect.stringMatching(/sentinel \S+ knows no primary 'nobody'/) });
});
