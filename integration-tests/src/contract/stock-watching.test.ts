import { describe, expect } from 'vitest';
import { sourceOf } from '../support/batch-source.js';
import { StockClient } from '../support/stock-client.js';
import { until } from '../support/until.js';
import { test } from '../support/world.js';
import { BULLMQ } from './installed-bullmq.js';

/**
 * docs/coming-from-bullmq.md says what a stock client sees of the jobs of a producer and a worker
 * of ours, and which events it needs for that. Each of its statements is a test here.
 */
describe(`QueueEvents of ${BULLMQ}`, () => {
  test('hear added, waiting, active, progress, completed and failed of single jobs, in that order', async ({
    world,
  }) => {
    const stock = new StockClient(world);
    const events = await stock.events();
    const heard: string[] = [];
    const names = [
      'added',
      'waiting',
      'delayed',
      'active',
      'progress',
      'completed',
      'failed',
      'retries-exhausted',
    ] as const;
    for (const name of names)
      events.on(name, ({ jobId }: { jobId: string }) => heard.push(`${name} ${jobId.slice(0, 3)}`));
    const producer = world.producer();
    await producer.enqueue(stock.job, { n: 1 }, { key: 'a' });
    await producer.enqueue(stock.job, { n: 2, fails: true }, { key: 'b' });
    const worker = stock.work();
    await worker.process.untilEmpty();
    await until('the last event', () => heard.includes('retries-exhausted k-b'));
    expect(heard.filter((one) => one.endsWith('k-a'))).toEqual([
      'added k-a',
      'waiting k-a',
      'active k-a',
      'progress k-a',
      'completed k-a',
    ]);
    expect(heard.filter((one) => one.endsWith('k-b'))).toEqual([
      ...['added k-b', 'waiting k-b', 'active k-b', 'progress k-b', 'waiting k-b', 'active k-b', 'progress k-b'],
      ...['failed k-b', 'retries-exhausted k-b'],
    ]);
  });

  test('do not hear that rows of a batch were added, and hear that they begin and end', async ({ world }) => {
    const stock = new StockClient(world);
    const events = await stock.events();
    const heard: string[] = [];
    for (const name of ['added', 'waiting', 'active', 'completed'] as const) events.on(name, () => heard.push(name));
    await world.producer().batches.run(stock.job, { name: 'b', source: sourceOf([{ n: 1 }]) });
    await stock.work().process.untilEmpty();
    await until('completed', () => heard.includes('completed'));
    expect(heard).toEqual(['active', 'completed']);
  });

  test('waitUntilFinished resolves with the result, and rejects with the reason', async ({ world }) => {
    const stock = new StockClient(world);
    const events = await stock.events();
    const producer = world.producer();
    const good = await stock.queue.getJob((await producer.enqueue(stock.job, { n: 1 })).id);
    const bad = await stock.queue.getJob((await producer.enqueue(stock.job, { n: 2, fails: true })).id);
    const ends = [good, bad].map((job) =>
      job?.waitUntilFinished(events, 30_000).catch((error: Error) => error.message),
    );
    stock.work();
    expect(await Promise.all(ends)).toEqual([{ n: 1 }, 'Error: no 2']);
  });
});

describe(`a stock queue of ${BULLMQ}`, () => {
  test('counts jobs, and reads a job, its progress, its log lines and its result', async ({ world }) => {
    const stock = new StockClient(world);
    const { id } = await world.producer().enqueue(stock.job, { n: 1 });
    expect(await stock.queue.getJobCounts('waiting', 'completed')).toEqual({ waiting: 1, completed: 0 });
    await stock.queue.addJobLog(id, 'looked at by hand');
    await stock.work().process.untilEmpty();
    const job = await stock.queue.getJob(id);
    expect(job).toMatchObject({ data: { n: 1 }, progress: { half: 1 }, returnvalue: { n: 1 }, attemptsMade: 1 });
    expect((await stock.queue.getJobLogs(id)).logs).toEqual(['looked at by hand']);
    expect(await stock.queue.getJobCounts('waiting', 'completed')).toEqual({ waiting: 0, completed: 1 });
    expect(await stock.queue.exportPrometheusMetrics()).toContain('state="completed"} 1');
  });

  test('has no metrics of a worker of ours: it does not collect them on Redis', async ({ world }) => {
    const stock = new StockClient(world);
    await world.producer().enqueue(stock.job, { n: 1 });
    await stock.work().process.untilEmpty();
    expect((await stock.queue.getMetrics('completed')).meta.count).toBe(0);
  });
});
