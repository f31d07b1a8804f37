import { Queue } from 'bullmq';
import { describe, expect } from 'vitest';
import { row, scripted } from '../fixtures/jobs.js';
import { gatedRows, sourceOf } from '../support/batch-source.js';
import { ClusteredRedis } from '../support/clustered-redis.js';
import { until } from '../support/until.js';
import { test } from '../support/world.js';

const JOBS = 50;
/** As many rows as a full chunk has: a smaller one would wait for more rows. */
const HALF = 1_000;

describe('a Redis Cluster', () => {
  test('loses the node with our keys: its replica takes over, workers go on, and every job that was accepted and copied is done', async ({
    world,
  }) => {
    const cluster = await ClusteredRedis.start(world);
    const { url, prefix } = cluster;
    const redis = cluster.open();
    const queue = new Queue(scripted.queue, { connection: redis, prefix });
    queue.on('error', () => undefined);
    world.onClose(() => queue.close());
    const flags = ['--queue', 'scripted:5', '--queue', 'rows:5', '--redis', url, '--prefix', prefix];
    const worker = world.workerProcess(flags);
    await worker.logged('worker ready');

    const producer = world.producer({ redis: url, prefix, redisTimeout: '30s' });
    const hasty = world.producer({ redis: url, prefix, redisTimeout: '500ms' });
    const ends = [
      { do: 'throw' as const, what: 'error' },
      { do: 'snooze' as const, ms: 300 },
      { do: 'return' as const },
    ];
    const enqueue = (key: string) => producer.enqueue(scripted, { ends }, { key });
    const { source, goOn } = gatedRows(HALF);
    world.onClose(async () => goOn());
    const batch = producer.batches.run(row, { name: 'through', source });
    const accepted = await Promise.all(Array.from({ length: JOBS }, (_, at) => enqueue(`before-${at}`)));
    expect(await hasty.enqueue(scripted, { ends }, { key: 'before-0' })).toMatchObject({ status: 'duplicate' });
    await until(
      'half of the batch to be in',
      async () => (await producer.batches.show({ name: 'through' })).read === HALF,
    );
    await redis.set(`${prefix}:marker`, '1');
    expect(await redis.wait(1, 0)).toBe(1);

    await cluster.killOwner();
    let isServed = false;
    const during = enqueue('during').finally(() => {
      isServed = true;
    });
    await expect(hasty.enqueue(scripted, { ends })).rejects.toMatchObject({ code: 'BULLPEN_REDIS_UNAVAILABLE' });
    // The hasty producer has given up before the replica is the primary.
    expect(isServed).toBe(false);
    accepted.push(await during);
    goOn();
    expect(await batch).toMatchObject({ read: 2 * HALF, added: 2 * HALF, duplicate: 0 });
    expect(await producer.batches.wait({ name: 'through' })).toMatchObject({ completed: 2 * HALF, missing: 0 });

    const values = Array.from({ length: 500 }, (_, id) => ({ id, email: 'a@example.com' }));
    const shared = sourceOf(values.map((value) => (value.id % 10 === 0 ? { ...value, fail: 'boom' } : value)));
    await producer.batches.run(row, { name: 'shared', source: shared, rowsPerJob: 5 });
    accepted.push(...(await Promise.all(Array.from({ length: JOBS }, (_, at) => enqueue(`moved-${at}`)))));
    // No client may use the keys while they move: scripts touch keys that they do not name, and
    // Redis protects only those that they name.
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    await cluster.moveKeys();
    const next = world.workerProcess(flags);
    accepted.push(await enqueue('after'));
    expect(await producer.batches.wait({ name: 'shared' })).toMatchObject({
      completed: 450,
      failed: 50,
      missing: 0,
    });

    // The other scripts: Redis refuses each of them if its keys are not all in one slot.
    expect(await producer.batches.retry(row, { name: 'shared' })).toMatchObject({ retried: 50 });
    expect(await producer.batches.wait({ name: 'shared' })).toMatchObject({ completed: 450, failed: 50 });
    const failures = [];
    for await (const { row: failed } of producer.batches.failures({ name: 'shared' })) failures.push(failed);
    expect(failures).toHaveLength(50);
    await producer.batches.run(row, { name: 'later', source: sourceOf(values), delay: '1h' });
    expect(await producer.batches.cancel({ name: 'later' })).toMatchObject({ cancelled: 500 });
    expect(await producer.batches.list()).toHaveLength(3);
    expect(await producer.cancel(scripted, 'j-nobody')).toBe('unknown');

    // The test's own connection is no producer: Redis refuses it once, and then redirects it.
    await until('the marker to be found again', () => redis.get(`${prefix}:marker`).catch(() => undefined));
    for (const { id } of accepted) expect(await (await world.settled(queue, id)).getState()).toBe('completed');
    expect((await producer.queues()).map((each) => each.queue)).toEqual(['rows', 'scripted']);
    next.kill('SIGTERM');
    expect((await next.ended).code).toBe(0);
    expect(JSON.stringify([worker.log, next.log])).not.toContain('of-the-cluster');
  });

  test('is addressed as one server, or with a prefix without braces: the commands refuse and say what to do', async ({
    world,
  }) => {
    const cluster = await ClusteredRedis.start(world);
    const asOne = ['--redis', cluster.urlOf(), '--prefix', world.prefix];
    const worker = world.workerProcess(['--queue', 'rows', ...asOne]).ended;
    const producer = world.producerProcess([
      'enqueue',
      'test.row',
      '--data',
      '{"id":1,"email":"a@example.com"}',
      ...asOne,
    ]).ended;
    for (const { code, stderr } of [await worker, await producer]) {
      expect(stderr).toMatch(
        /refused us: (CROSSSLOT|MOVED|ERR Script attempted).*; this is a node of a Redis Cluster: give its address as redis\+cluster:/,
      );
      expect(code).toBe(69);
    }
    const scattered = await world.workerProcess(['--queue', 'rows', '--redis', cluster.url]).ended;
    expect(scattered).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/prefix: .*part in braces.*\{bullpen\}/),
    });
  });
});
