import { defineJob } from '@bullpen/shared';
import { handle } from '@bullpen/worker';
import { FlowProducer, Queue, Worker } from 'bullmq';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { handlePrecious } from '../fixtures/handlers.js';
import { precious } from '../fixtures/jobs.js';
import { OwnRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';
import { test } from '../support/world.js';

/**
 * Jobs that other clients made with features of BullMQ that Bullpen does not offer, and jobs whose
 * end Redis or BullMQ refuses.
 */
describe('a job', () => {
  test('whose end Redis will not take has failed, once, with the reason, and counts no crash', async ({ world }) => {
    const flows = new FlowProducer({ connection: world.redis, prefix: world.prefix });
    world.onClose(() => flows.close());
    const child = (name: string) => ({ name, queueName: 'children', opts: { continueParentOnFailure: true } });
    const flow = await flows.add({
      ...{ name: precious.name, queueName: precious.queue, data: {} },
      children: [child('fails'), child('never runs')],
    });
    // One child fails, so the parent goes on; the other is still pending when it ends.
    const children = world.queue('children');
    await children.waitUntilReady();
    const token = 'child-token';
    const stock = new Worker('children', null, { connection: world.redis, prefix: world.prefix, autorun: false });
    world.onClose(() => stock.close());
    const failing = await stock.getNextJob(token, { block: false });
    await failing?.moveToFailed(new Error('boom'), token, false);
    const worker = world.worker({ handlers: [handlePrecious] });
    const parent = await world.settled(world.queue('precious'), flow.job.id as string);
    expect(await parent.getState()).toBe('failed');
    expect(parent.failedReason).toMatch(/^the handler succeeded, but Redis refused to record it: .*pending/);
    expect(parent).toMatchObject({ attemptsStarted: 1, stalledCounter: 0 });
    expect((await worker.drain()).sinceStart).toMatchObject({ completed: 0, failed: 1, unrecorded: 0 });
  });

  test('whose result can be written as JSON once, and not again, has failed, once, with the reason', async ({
    world,
  }) => {
    const odd = defineJob({ name: 'test.odd-result', queue: 'odd-results', payload: z.object({}) });
    let runs = 0;
    const handler = handle(odd, () => {
      runs += 1;
      let asked = 0;
      return {
        toJSON() {
          asked += 1;
          if (asked > 1) throw new TypeError('not again');
          return {};
        },
      };
    });
    const { id } = await world.producer().enqueue(odd, {});
    const worker = world.worker({ handlers: [handler], concurrency: 1 });
    const job = await world.settled(world.queue(odd.queue), id);
    expect(await job.getState()).toBe('failed');
    expect(job.failedReason).toBe('the handler succeeded, but Redis refused to record it: not again');
    expect((await worker.drain()).sinceStart).toMatchObject({ completed: 0, failed: 1, unrecorded: 0 });
    expect(runs).toBe(1);
  });

  test('of a scheduler whose next run cannot be computed here runs all the same', async ({ world }) => {
    const connection = world.redis;
    const settings = { repeatStrategy: () => Date.now() };
    const theirs = new Queue('precious', { connection, prefix: world.prefix, settings });
    world.onClose(() => theirs.close());
    await theirs.upsertJobScheduler('odd', { pattern: 'every blue moon', limit: 2 }, { name: precious.name, data: {} });
    const worker = world.worker({ handlers: [handlePrecious] });
    const [job] = await theirs.getJobs(['waiting', 'delayed', 'active', 'completed']);
    const settled = await world.settled(world.queue('precious'), job?.id as string);
    expect(await settled.getState()).toBe('completed');
    expect(settled).toMatchObject({ attemptsStarted: 1, stalledCounter: 0 });
    await worker.drain();
  });

  test('of a scheduler is followed by the next run also in a full Redis', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const queue = own.queue('precious');
    await queue.upsertJobScheduler('often', { every: 1_000 }, { name: precious.name, data: {} });
    const worker = world.workerProcess(['--queue', 'precious', '--concurrency', '1', ...own.flags]);
    await worker.logged('worker ready');
    await own.admin.config('SET', 'maxmemory', '1');
    const done = await queue.getCompletedCount();
    await until('two more runs', async () => (await queue.getCompletedCount()) >= done + 2);
    expect(worker.log.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });

  for (const attempts of ['abc', true, {}, [2], 0, 1.5]) {
    test(`with attempts of ${JSON.stringify(attempts)} has those of the definition`, async ({ world }) => {
      const queue = world.queue('precious');
      const payload = { ends: [{ do: 'throw', what: 'error' }] };
      const { id } = await queue.add(precious.name, payload, { attempts: attempts as number });
      const worker = world.worker({ handlers: [handlePrecious] });
      const job = await world.settled(queue, id as string);
      expect(job).toMatchObject({ attemptsMade: precious.maxAttempts, failedReason: 'Error: boom' });
      expect((await worker.drain()).sinceStart).toMatchObject({ failed: 1, unrecorded: 0 });
    });
  }
});
