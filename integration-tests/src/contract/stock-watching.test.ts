import type { Events } from '@bullpen/shared';
import { describe, expect } from 'vitest';
import { sourceOf } from '../support/batch-source.js';
import { StockClient } from '../support/stock-client.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';
import { BULLMQ } from './installed-bullmq.js';

/**
 * docs/coming-from-bullmq.md says what a stock client sees of the jobs of a producer and a worker
 * of ours, and which events it needs for that. Each of its statements is a test here.
 */
/** Every event that BullMQ can tell of a job, or of a queue. */
const EVENTS = [
  ...(['added', 'waiting', 'delayed', 'active', 'progress', 'completed', 'failed', 'retries-exhausted'] as const),
  ...(['removed', 'stalled', 'duplicated', 'deduplicated', 'waiting-children', 'paused', 'resumed'] as const),
];

describe(`QueueEvents of ${BULLMQ}`, () => {
  /** Runs a job that succeeds, `k-a`, and one that fails twice, `k-b`. Answers what was heard of each. */
  async function heardOf(world: World, events?: Events) {
    const stock = new StockClient(world);
    const queueEvents = await stock.events();
    const heard: string[] = [];
    for (const name of EVENTS)
      queueEvents.on(name, ({ jobId = '' }: { jobId?: string }) => heard.push(`${name} ${jobId.slice(0, 3)}`));
    queueEvents.on('drained', () => heard.push('drained'));
    const producer = world.producer({ events });
    await producer.enqueue(stock.job, { n: 1 }, { key: 'a' });
    await producer.enqueue(stock.job, { n: 2, fails: true }, { key: 'b' });
    await stock.work().process.untilEmpty();
    // What is heard last: this one is told by a stock client.
    await stock.queue.pause();
    await until('the last event', () => heard.includes('paused '));
    return (job: string) => heard.filter((one) => one.endsWith(job)).map((one) => one.split(' ')[0]);
  }

  test('hear added, waiting, active, progress, completed and failed of single jobs, in that order', async ({
    world,
  }) => {
    const heardBy = await heardOf(world, 'all');
    expect(heardBy('k-a')).toEqual(['added', 'waiting', 'active', 'progress', 'completed']);
    expect(heardBy('k-b')).toEqual([
      ...['added', 'waiting', 'active', 'progress', 'waiting', 'active', 'progress', 'failed', 'retries-exhausted'],
    ]);
    expect(heardBy('drained').length).toBeGreaterThan(0);
  });

  test('hear the ends and the progress of jobs by default, and not their steps', async ({ world }) => {
    const heardBy = await heardOf(world);
    expect(heardBy('k-a')).toEqual(['progress', 'completed']);
    expect(heardBy('k-b')).toEqual(['progress', 'progress', 'failed', 'retries-exhausted']);
    expect(heardBy('drained')).toEqual([]);
  });

  test('hear nothing of a queue that tells none', async ({ world }) => {
    const heardBy = await heardOf(world, 'none');
    expect([heardBy('k-a'), heardBy('k-b'), heardBy('drained')]).toEqual([[], [], []]);
  });

  test('do not hear that rows of a batch were added, and hear that they begin and end', async ({ world }) => {
    const stock = new StockClient(world);
    const events = await stock.events();
    const heard: string[] = [];
    for (const name of ['added', 'waiting', 'active', 'completed'] as const) events.on(name, () => heard.push(name));
    const producer = world.producer({ events: 'all' });
    await producer.batches.run(stock.job, { name: 'b', source: sourceOf([{ n: 1 }]) });
    await stock.work().process.untilEmpty();
    await until('completed', () => heard.includes('completed'));
    expect(heard).toEqual(['active', 'completed']);
  });

  test('waitUntilFinished resolves with the result, and rejects with the reason, of jobs that end later', async ({
    world,
  }) => {
    const stock = new StockClient(world);
    const events = await stock.events();
    const producer = world.producer();
    const wait = async (payload: { n: number; fails?: boolean; failsOnce?: boolean }) => {
      const job = await stock.queue.getJob((await producer.enqueue(stock.job, { ...payload, waits: true })).id);
      return job?.waitUntilFinished(events, 30_000).catch((error: Error) => error.message);
    };
    const ends = [wait({ n: 1 }), wait({ n: 2, fails: true }), wait({ n: 3, failsOnce: true })];
    stock.work(3);
    await stock.attempts(3);
    // None has ended yet, so each is told of by an event.
    stock.letGo();
    expect(await Promise.all(ends)).toEqual([{ n: 1 }, 'Error: no 2', { n: 3 }]);
    expect(stock.attempted.filter((n) => n === 3)).toHaveLength(2);
  });

  test('waitUntilFinished does not hear of an end in a queue that tells none', async ({ world }) => {
    const stock = new StockClient(world);
    const events = await stock.events();
    const { id } = await world.producer({ events: 'none' }).enqueue(stock.job, { n: 1, waits: true });
    const job = await stock.queue.getJob(id);
    const settled = job?.waitUntilFinished(events).then(() => 'heard');
    stock.work();
    await stock.attempts(1);
    stock.letGo();
    await stock.state(id, 'completed');
    // An event would have come before this one.
    const paused = new Promise((resolve) => events.once('paused', () => resolve('not heard')));
    await stock.queue.pause();
    expect(await Promise.race([settled, paused])).toBe('not heard');
    // It looks once when it begins.
    expect(await job?.waitUntilFinished(events)).toEqual({ n: 1 });
    settled?.catch(() => undefined);
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
