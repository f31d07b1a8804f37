import { handle } from '@bullpen/worker';
import { DelayedError, RateLimitError, UnrecoverableError, Worker } from 'bullmq';
import { describe, expect } from 'vitest';
import { sourceOf } from '../support/batch-source.js';
import { StockClient } from '../support/stock-client.js';
import { until } from '../support/until.js';
import { test } from '../support/world.js';
import { BULLMQ } from './installed-bullmq.js';

/**
 * docs/coming-from-bullmq.md says which of BullMQ's own calls act on the jobs of a producer and on
 * a worker of ours. Each of its statements is a test here.
 */
describe(`a worker obeys a stock queue of ${BULLMQ}`, () => {
  test('pause and resume', async ({ world }) => {
    const stock = new StockClient(world);
    const worker = stock.work();
    await worker.ready;
    await stock.queue.pause();
    const { id } = await world.producer().enqueue(stock.job, { n: 1 });
    await stock.state(id, 'waiting');
    expect(stock.attempted).toEqual([]);
    await stock.queue.resume();
    await stock.state(id, 'completed');
  });

  test('setGlobalConcurrency: for the whole fleet', async ({ world }) => {
    const stock = new StockClient(world);
    await stock.queue.setGlobalConcurrency(3);
    const payloads = Array.from({ length: 6 }, (_, n) => ({ n, waits: true }));
    await world.producer().enqueueMany(stock.job, payloads);
    stock.work(5);
    stock.work(5);
    await stock.attempts(3);
    expect(await stock.queue.getActiveCount()).toBe(3);
    stock.letGo();
    await stock.attempts(6);
  });

  test('setGlobalRateLimit: for the whole fleet', async ({ world }) => {
    const stock = new StockClient(world);
    await stock.queue.setGlobalRateLimit(2, 300);
    await world.producer().enqueueMany(stock.job, [{ n: 1 }, { n: 2 }, { n: 3 }]);
    stock.work(5);
    await until('all to be completed', async () => (await stock.queue.getCompletedCount()) === 3);
    const [first, , third] = (await stock.queue.getCompleted()).map(({ processedOn = 0 }) => processedOn).sort();
    expect((third ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(290);
  });
});

describe(`errors of ${BULLMQ} that a handler throws`, () => {
  for (const Thrown of [UnrecoverableError, DelayedError, RateLimitError]) {
    test(`are ordinary failures: ${Thrown.name}`, async ({ world }) => {
      const stock = new StockClient(world);
      let attempts = 0;
      const { id } = await world.producer().enqueue(stock.job, { n: 1 });
      const handler = handle(stock.job, () => {
        attempts += 1;
        throw new Thrown('no');
      });
      await world.worker({ handlers: [handler] }).process.untilEmpty();
      await stock.state(id, 'failed');
      expect(attempts).toBe(stock.job.maxAttempts);
    });
  }
});

describe(`a stock queue of ${BULLMQ} acts on the jobs of a producer`, () => {
  test('updateData: the next attempt gets it, parsed', async ({ world }) => {
    const stock = new StockClient(world);
    const { id } = await world.producer().enqueue(stock.job, { n: 1 });
    await (await stock.queue.getJob(id))?.updateData({ n: 2 });
    stock.work();
    expect(await stock.attempts(1)).toEqual([2]);
  });

  test('changeDelay, promote and promoteJobs', async ({ world }) => {
    const stock = new StockClient(world);
    const producer = world.producer();
    const [sooner, now] = [1, 2].map((n) => producer.enqueue(stock.job, { n }, { delay: '1h' }));
    await producer.enqueue(stock.job, { n: 3 }, { delay: '1h' });
    stock.work();
    await (await stock.queue.getJob((await sooner)?.id ?? ''))?.changeDelay(5);
    expect(await stock.attempts(1)).toEqual([1]);
    await (await stock.queue.getJob((await now)?.id ?? ''))?.promote();
    expect(await stock.attempts(2)).toEqual([1, 2]);
    await stock.queue.promoteJobs();
    expect(await stock.attempts(3)).toEqual([1, 2, 3]);
  });

  test('changePriority among jobs that have one', async ({ world }) => {
    const stock = new StockClient(world);
    const producer = world.producer();
    for (const n of [1, 2]) await producer.enqueue(stock.job, { n }, { priority: 5, key: String(n) });
    const { id } = await producer.enqueue(stock.job, { n: 3 }, { priority: 5 });
    await (await stock.queue.getJob(id))?.changePriority({ priority: 1 });
    stock.work();
    expect(await stock.attempts(3)).toEqual([3, 1, 2]);
  });

  test('remove: its key is free again', async ({ world }) => {
    const stock = new StockClient(world);
    const producer = world.producer();
    const { id } = await producer.enqueue(stock.job, { n: 1 }, { key: 'k' });
    expect(await stock.queue.remove(id)).toBe(1);
    expect((await producer.enqueue(stock.job, { n: 2 }, { key: 'k' })).status).toBe('added');
    stock.work();
    expect(await stock.attempts(1)).toEqual([2]);
  });

  test('drain and clean: single jobs go, and keys are free again', async ({ world }) => {
    const stock = new StockClient(world);
    const producer = world.producer();
    await producer.enqueue(stock.job, { n: 1 }, { key: 'waits' });
    await producer.enqueue(stock.job, { n: 2 }, { key: 'delayed', delay: '1h' });
    await stock.queue.drain(true);
    expect(await stock.queue.count()).toBe(0);
    expect((await producer.enqueue(stock.job, { n: 3 }, { key: 'waits' })).status).toBe('added');
    const worker = stock.work();
    await worker.process.untilEmpty();
    expect(await stock.queue.clean(0, 10, 'completed')).toHaveLength(1);
    expect((await producer.enqueue(stock.job, { n: 4 }, { key: 'waits' })).status).toBe('added');
  });

  test('retry of a failed job: all attempts again when it resets them', async ({ world }) => {
    const stock = new StockClient(world);
    const { id } = await world.producer().enqueue(stock.job, { n: 1, fails: true });
    stock.work();
    await stock.state(id, 'failed');
    expect(stock.attempted).toHaveLength(2);
    await (await stock.queue.getJob(id))?.retry('failed', { resetAttemptsMade: true });
    await stock.attempts(4);
    await stock.state(id, 'failed');
    expect(stock.attempted).toHaveLength(4);
  });

  test('retryJobs puts all failed jobs back', async ({ world }) => {
    const stock = new StockClient(world);
    const { id } = await world.producer().enqueue(stock.job, { n: 1, fails: true });
    stock.work();
    await stock.state(id, 'failed');
    await stock.queue.retryJobs({ state: 'failed' });
    await stock.attempts(3);
    await stock.state(id, 'failed');
  });

  test('obliterate removes the queue of BullMQ and leaves what is ours: batches must be cancelled before', async ({
    world,
  }) => {
    const stock = new StockClient(world);
    const producer = world.producer();
    await producer.batches.run(stock.job, { name: 'b', source: sourceOf([{ n: 1 }]) });
    await stock.queue.obliterate();
    expect(await stock.queue.count()).toBe(0);
    // Its row waits for a job that is gone.
    expect(await producer.batches.show({ name: 'b' })).toMatchObject({
      added: 1,
      completed: 0,
      failed: 0,
      cancelled: 0,
    });
    expect(await producer.batches.cancel({ name: 'b' })).toMatchObject({ name: 'b' });
    expect((await producer.enqueue(stock.job, { n: 2 })).status).toBe('added');
    stock.work();
    expect(await stock.attempts(1)).toEqual([2]);
  });
});

describe(`a stock worker of ${BULLMQ}`, () => {
  test('runs the single jobs of a producer, with the payload as it is stored: the schema has not parsed it', async ({
    world,
  }) => {
    const stock = new StockClient(world);
    const { id } = await world.producer().enqueue(stock.job, { n: 1 });
    const connection = world.redis.duplicate();
    const theirs = new Worker('stock', async (job) => job.data, { connection, prefix: world.prefix });
    world.onClose(async () => {
      await theirs.close();
      connection.disconnect();
    });
    await stock.state(id, 'completed');
    expect((await stock.queue.getJob(id))?.returnvalue).toEqual({ n: 1 });
  });

  test('does not know the books: a row that it completes stays open in them', async ({ world }) => {
    const stock = new StockClient(world);
    const producer = world.producer();
    await producer.batches.run(stock.job, { name: 'b', source: sourceOf([{ n: 1 }]) });
    const connection = world.redis.duplicate();
    const theirs = new Worker('stock', async () => undefined, { connection, prefix: world.prefix });
    world.onClose(async () => {
      await theirs.close();
      connection.disconnect();
    });
    await until('the row to be done', async () => (await stock.queue.getCompletedCount()) === 1);
    expect(await producer.batches.show({ name: 'b' })).toMatchObject({ added: 1, completed: 0, failed: 0 });
  });
});
