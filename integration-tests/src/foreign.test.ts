import { FlowProducer, Queue } from 'bullmq';
import { describe, expect } from 'vitest';
import { handlePrecious } from './fixtures/handlers.js';
import { precious } from './fixtures/jobs.js';
import { test } from './support/world.js';

/** Jobs that other BullMQ clients enqueued, with features that Bullpen has no words for. */
describe('a job of another BullMQ client', () => {
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
    await world.redis.hset(`${world.prefix}:children:${flow.children?.[0]?.job.id}`, 'attempts', 1);
    const { Worker } = await import('bullmq');
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
