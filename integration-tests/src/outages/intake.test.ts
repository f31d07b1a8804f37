import { join } from 'node:path';
import { createLogger } from '@bullpen/shared';

import { Redis } from 'ioredis';
import { describe, expect, vi } from 'vitest';
import { handlePrecious } from '../fixtures/handlers.js';
import { precious } from '../fixtures/jobs.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

describe('a reply that was lost', () => {
  test('the outcome counts once, and the job that came in the reply is handed back at once, no crash counted', async ({
    world,
  }) => {
    const { proxy, url } = await world.proxy();
    const producer = world.producer();
    const first = await producer.enqueue(precious, {
      name: 'first',
      ends: [{ do: 'until-file', path: join(world.folder, 'go') }],
    });
    const worker = world.workerProcess(['--queue', 'precious', '--concurrency', '1', '--redis', url]);
    await world.started(1);
    const second = await producer.enqueue(precious, { name: 'second' });
    // Only the script that records an end names the set of completed jobs. To lose a reply before
    // that one would keep it from being sent.
    proxy.keepRepliesTo('precious:completed');
    await world.file('go', '');
    const queue = world.queue('precious');
    // Redis has carried out both: the end of the first job, and the fetch of the second that came
    // with it.
    await until('the second job to be fetched', async () => (await queue.getJobState(second.id)) === 'active');
    proxy.heal();
    proxy.cut();
    await worker.logged('job was fetched in a reply that was lost; handed it back');
    for (const { id } of [first, second]) {
      const job = await world.settled(queue, id);
      expect(await job.getState()).toBe('completed');
      expect(job).toMatchObject({ attemptsMade: 1, stalledCounter: 0 });
    }
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    expect(await worker.logged('worker stopped')).toMatchObject({ sinceStart: { completed: 2, unrecorded: 0 } });
    expect(world.ledger().filter(({ event }) => event === 'start')).toHaveLength(2);
  });
});

describe('a worker that lost its connection', () => {
  test('hands back no job of another worker', async ({ world }) => {
    const { proxy, url } = await world.proxy();
    const path = join(world.folder, 'go');
    const { id } = await world.producer().enqueue(precious, { ends: [{ do: 'until-file', path }] });
    world.workerProcess(['--queue', 'precious', '--concurrency', '1']);
    await world.started(1);
    const worker = world.workerProcess(['--queue', 'precious', '--redis', url]);
    await worker.logged('worker ready');
    proxy.cut();
    await worker.logged('redis is available');
    // After a reconnect it does this before it fetches again, and no other worker has a free slot
    // for this job.
    const next = await world.producer().enqueue(precious, {});
    await world.settled(world.queue('precious'), next.id);
    await world.file('go', '');
    const job = await world.settled(world.queue('precious'), id);
    expect(job).toMatchObject({ attemptsMade: 1, attemptsStarted: 1, stalledCounter: 0 });
  });
});

describe('a worker with more slots than the network can fill within a lease', () => {
  test('keeps the leases of jobs that it has fetched and not begun', async ({ world }) => {
    const { proxy, url } = await world.proxy();
    // 150 fetches, one after the other, of 30 ms each: one and a half leases. BullMQ begins no job
    // before it has filled all slots.
    proxy.delayMs = 30;
    const producer = world.producer();
    // A worker that looks for jobs of dead workers, and has no free slot to attempt them.
    const path = join(world.folder, 'go');
    await producer.enqueue(precious, { ends: [{ do: 'until-file', path }] });
    world.workerProcess(['--queue', 'precious', '--concurrency', '1', '--lease', '3s']);
    await world.started(1);
    const count = 150;
    await producer.enqueueMany(precious, Array(count).fill({}));
    world.workerProcess(['--queue', 'precious', '--concurrency', String(count), '--lease', '3s', '--redis', url]);
    const queue = world.queue('precious');
    await until('all to be settled', async () => (await queue.getJobCountByTypes('completed', 'failed')) === count);
    await world.file('go', '');
    for (const job of await queue.getJobs(['completed', 'failed'], 0, -1)) {
      expect(job).toMatchObject({ attemptsMade: 1, attemptsStarted: 1, stalledCounter: 0 });
    }
  });
});

describe('a fetch that Redis answers when the worker is gone', () => {
  for (const priority of [undefined, 5]) {
    test(`hands its job back to the front of the queue, ${priority === undefined ? 'without' : 'with'} a priority, no crash counted`, async ({
      world,
    }) => {
      const { proxy, url } = await world.proxy();
      const worker = world.workerProcess(['--queue', 'precious', '--concurrency', '1', '--redis', url]);
      await worker.logged('worker ready');
      // Among the calls of an idle worker, only a fetch names the limiter.
      proxy.keepRepliesTo('precious:limiter');
      const options = priority === undefined ? {} : { priority };
      const { id } = await world.producer().enqueue(precious, {}, options);
      const queue = world.queue('precious');
      await until('the job to be fetched', async () => (await queue.getJobState(id)) === 'active');
      await world.producer().enqueue(precious, {}, options);
      worker.kill('SIGTERM');
      expect((await worker.ended).code).toBe(0);
      const job = await until('the job to be back', async () => {
        const found = await queue.getJob(id);
        return (await found?.getState()) === 'active' ? undefined : found;
      });
      expect(await job.getState()).toBe(priority === undefined ? 'waiting' : 'prioritized');
      expect(job).toMatchObject({ attemptsMade: 0, attemptsStarted: 1, stalledCounter: 0 });
      const next = world.workerProcess(['--queue', 'precious', '--concurrency', '1', '--until-empty']);
      expect((await next.ended).code).toBe(0);
      expect(world.ledger()[0]).toMatchObject({ event: 'start', jobId: id });
    });
  }
});

/**
 * Puts forward the clock by which this process measures durations, until the test ends, by more
 * than a worker may be without an answer to a fetch. The worker looks at that clock within four
 * seconds.
 */
function passTime(world: World): void {
  const now = performance.now.bind(performance);
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + 20_000);
  world.onClose(async () => clock.mockRestore());
}

describe('a worker that no longer fetches', () => {
  test('is left alone while its queue is rate limited', async ({ world }) => {
    const queue = world.queue('precious');
    // Longer than until the worker has looked twice.
    await queue.setGlobalRateLimit(1, 9_000);
    const logger = createLogger({ level: 'silent' });
    const errors = vi.spyOn(logger, 'error');
    const worker = world.worker({ handlers: [handlePrecious], logger });
    for (let at = 0; at < 2; at += 1) await world.producer().enqueue(precious, {});
    const completed = (count: number) => async () => (await queue.getCompletedCount()) === count;
    await until('the first job to be completed', completed(1));
    passTime(world);
    await until('the second job to be completed', completed(2));
    expect((await worker.drain()).cutOff).toBe(0);
    expect(errors.mock.calls).toEqual([]);
  });

  for (const [what, delay] of [
    ['wait', 0],
    ['are delayed and due', 50],
  ] as const) {
    test(`although jobs ${what} is restarted, and fetches again`, async ({ world }) => {
      // This was seen after reconnects: a blocking read that never settles.
      const hanging = vi.spyOn(Redis.prototype, 'bzpopmin').mockImplementation(() => new Promise(() => undefined));
      world.onClose(async () => hanging.mockRestore());
      const logger = createLogger({ level: 'silent' });
      const errors = vi.spyOn(logger, 'error');
      const worker = world.worker({ handlers: [handlePrecious], logger });
      await worker.ready;
      await until('the worker to wait for jobs', () => hanging.mock.calls.length > 0);
      hanging.mockRestore();
      const { id } = await world.producer().enqueue(precious, {}, { delay });
      passTime(world);
      expect(await (await world.settled(world.queue('precious'), id)).getState()).toBe('completed');
      expect(errors.mock.calls).toEqual([[{ queue: 'precious' }, expect.stringContaining('although jobs wait')]]);
    });
  }
});
