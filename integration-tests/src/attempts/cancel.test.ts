import { join } from 'node:path';
import { defineJob } from '@bullpen/shared';
import { cancelledChannel } from '@bullpen/shared/internal';
import { type HandlerFunction, handle, JobRejected, JobSnoozed } from '@bullpen/worker';
import { FlowProducer } from 'bullmq';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { handlePrecious } from '../fixtures/handlers.js';
import { precious } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { OwnRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

const job = defineJob({
  ...{ name: 'test.cancelled', queue: 'cancelled-jobs', payload: z.object({}), maxAttempts: 3, timeout: '1m' },
  backoff: { type: 'fixed', delay: 0, jitter: 0 },
});

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve()));

describe('a cancellation', () => {
  test('is not forgotten when the attempt that it stopped is snoozed', async ({ world }) => {
    const runs: number[] = [];
    const run: HandlerFunction<typeof job> = async (_, { signal }) => {
      if (runs.push(Date.now()) > 1) return;
      await aborted(signal);
      throw new JobSnoozed({ in: 0 });
    };
    const { id } = await world.producer().enqueue(job, {});
    world.worker({ handlers: [handle(job, run)] });
    await until('the first attempt', () => runs.length === 1);
    expect(await world.producer().cancel(job, id)).toBe('requested');
    const settled = await world.settled(world.queue(job.queue), id);
    expect(settled.failedReason).toBe('JobCancelled: the job was cancelled');
    expect(runs).toHaveLength(1);
  });

  test('does not stop the next job with the same key, after another worker has settled the first', async ({
    world,
  }) => {
    const producer = world.producer();
    const queue = world.queue('precious');
    const { id } = await producer.enqueue(precious, { ends: [{ do: 'hang', heed: true }] }, { key: 'k' });
    const first = world.worker({ handlers: [handlePrecious] });
    await until('the job to run', () => first.active === 1);
    const other = world.worker({ handlers: [handlePrecious] });
    await other.ready;
    expect(await producer.cancel(precious, id)).toBe('requested');
    await (await world.settled(queue, id)).remove();
    await first.drain();
    const next = await producer.enqueue(precious, {}, { key: 'k' });
    expect(next.status).toBe('added');
    expect(await (await world.settled(queue, next.id)).getState()).toBe('completed');
  });

  test('in another database stops no job in this one', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const [staging, production] = [`${own.server.url}/5`, own.server.url];
    const heard = own.admin.duplicate();
    world.onClose(async () => heard.disconnect());
    const published = new Promise((resolve) => heard.on('message', resolve));
    await heard.subscribe(cancelledChannel(world.prefix, 'precious'));
    const ends = [{ do: 'until-file' as const, path: join(world.folder, 'finish') }];
    const producer = world.producer({ redis: production });
    const { id } = await producer.enqueue(precious, { ends }, { key: 'k' });
    const other = await producer.enqueue(precious, { ends });
    world.workerProcess(['--queue', 'precious', ...own.flags]);
    await world.started(2);
    // No two jobs have the same id, except rows of batches with one name. This one seems to run
    // there.
    const there = own.admin.duplicate({ db: 5 });
    world.onClose(async () => there.disconnect());
    await there.hset(`${world.prefix}:precious:${id}`, 'name', precious.name);
    expect(await world.producer({ redis: staging }).cancel(precious, id)).toBe('requested');
    await published;
    // The worker hears of the next cancellation when it has heard of this one.
    await producer.cancel(precious, other.id);
    expect((await world.settled(own.queue('precious'), other.id)).failedReason).toMatch(/^JobCancelled/);
    await world.file('finish', '');
    expect(await (await world.settled(own.queue('precious'), id)).getState()).toBe('completed');
  });
});

/**
 * Lets days pass, for what has an expiry: every key that would expire some day is gone. So nothing is
 * left of a cancellation that lives shorter than its job.
 */
async function letKeysExpire({ redis, prefix }: World): Promise<void> {
  for (const key of await redis.keys(`${prefix}:*`)) if ((await redis.pttl(key)) >= 0) await redis.del(key);
}

describe('a cancellation lives as long as its job:', () => {
  const late = defineJob({
    ...{ name: 'test.late', queue: 'late-jobs', payload: z.object({ does: z.string() }), maxAttempts: 3 },
    ...{ timeout: 200, backoff: { type: 'fixed', delay: '8d', jitter: 0 } },
  });

  /**
   * Attempts a job that is cancelled while it runs, and comes back in 8 days: it snoozes, or has failed
   * by its deadline. Lets these days pass, and gives what is left to a new worker.
   */
  async function comeBack(world: World, id: string, cancel: (jobId: string) => Promise<unknown>) {
    const began: string[] = [];
    const run: HandlerFunction<typeof late> = async ({ does }, { jobId, signal }) => {
      if (began.push(jobId) > 1) return;
      const gone = aborted(signal);
      if (does === 'snooze') await cancel(jobId);
      await gone;
      if (does === 'snooze') throw new JobSnoozed({ in: '8d' });
      await cancel(jobId);
      throw new Error('too slow');
    };
    const options = { handlers: [handle(late, run)], concurrency: 1 };
    const queue = world.queue(late.queue);
    const first = world.worker(options);
    await until('it to be delayed', async () => (await queue.getJobState(id)) === 'delayed');
    await first.drain();
    await letKeysExpire(world);
    await (await queue.getJob(id))?.promote();
    const { process } = world.worker(options);
    await process.untilEmpty();
    return { began, failedReason: (await queue.getJob(id))?.failedReason };
  }

  test.for(['snooze', 'fail'])(
    'one that %ss after it was cancelled is not attempted in 8 days',
    async (does, { world }) => {
      const producer = world.producer();
      const { id } = await producer.enqueue(late, { does });
      const { began, failedReason } = await comeBack(world, id, (jobId) => producer.cancel(late, jobId));
      expect([began, failedReason]).toEqual([[id], 'JobCancelled: the job was cancelled']);
    },
  );

  test.for([1, 2])(
    'a row that snoozes when its batch was cancelled, also when the books are gone by then (%i rows a job)',
    async (rowsPerJob, { world }) => {
      const producer = world.producer();
      const rows = [{ does: 'snooze' }, { does: 'snooze' }];
      await producer.batches.run(late, { name: 'b', source: sourceOf(rows), rowsPerJob, keep: '1h' });
      const { began } = await comeBack(world, 'b-b-1', () => producer.batches.cancel({ name: 'b' }));
      expect(began).toEqual(['b-b-1']);
    },
  );

  test('and no longer: a failed job that somebody retries by hand is attempted', async ({ world }) => {
    const producer = world.producer();
    const queue = world.queue(late.queue);
    const { id } = await producer.enqueue(late, { does: 'fail' });
    const began: string[] = [];
    const run: HandlerFunction<typeof late> = async (_, { jobId }) => {
      if (began.push(jobId) > 1) return;
      // Too late: the attempt has decided how it ends.
      await producer.cancel(late, jobId);
      throw new JobRejected('no');
    };
    world.worker({ handlers: [handle(late, run)] });
    const failed = await world.settled(queue, id);
    expect(failed.failedReason).toBe('JobRejected: no');
    expect(await producer.cancel(late, id)).toBe('settled');
    await failed.retry();
    await until('it to be completed', async () => (await queue.getJobState(id)) === 'completed');
  });
});

describe('cancel', () => {
  const payload = z.object({});
  const flowJob = defineJob({ name: 'test.flow', queue: 'flows', payload });

  test('removes a parent that waits for its children; they are jobs of their own', async ({ world }) => {
    const flows = new FlowProducer({ connection: world.redis, prefix: world.prefix });
    world.onClose(() => flows.close());
    const node = (jobId: string) => ({ name: flowJob.name, queueName: flowJob.queue, data: {}, opts: { jobId } });
    await flows.add({ ...node('parent'), children: [node('one'), node('two')] });
    const producer = world.producer();
    expect(await producer.cancel(flowJob, 'parent')).toBe('cancelled');
    expect(await producer.cancel(flowJob, 'parent')).toBe('cancelled');
    const began: string[] = [];
    const worker = world.worker({ handlers: [handle(flowJob, async (_, { jobId }) => void began.push(jobId))] });
    await worker.process.untilEmpty();
    expect(began.toSorted()).toEqual(['one', 'two']);
    expect(await producer.queues()).toMatchObject([{ cancelled: 1, completed: 2, failed: 0 }]);
  });

  test('of the next run of a job scheduler cancels this run, and the schedule goes on', async ({ world }) => {
    const queue = world.queue(flowJob.queue);
    const run = await queue.upsertJobScheduler('often', { every: 1_000 }, { name: flowJob.name, data: {} });
    expect(await world.producer().cancel(flowJob, run.id ?? '')).toBe('requested');
    const began: string[] = [];
    world.worker({ handlers: [handle(flowJob, async (_, { jobId }) => void began.push(jobId))] });
    expect((await world.settled(queue, run.id ?? '')).failedReason).toContain('JobCancelled');
    await until('the next run', () => began.length > 0);
    expect(began).not.toContain(run.id);
    await queue.removeJobScheduler('often');
  });

  test('without the permission to publish notes it all the same, and workers see it within seconds', async ({
    world,
  }) => {
    const own = await OwnRedis.start(world);
    await own.admin.call('ACL', 'SETUSER', 'mute', 'reset', 'on', '>pw', '~*', 'resetchannels', '+@all');
    const url = own.server.url.replace('://', '://mute:pw@');
    const [all, mute] = [world.producer({ redis: own.server.url }), world.producer({ redis: url })];
    const began: string[] = [];
    const run: HandlerFunction<typeof job> = async (_, { jobId, signal }) => {
      began.push(jobId);
      await aborted(signal);
      signal.throwIfAborted();
    };
    const { id } = await all.enqueue(job, {});
    await all.batches.run(job, { name: 'b', source: sourceOf([{}, {}, {}]) });
    const worker = world.worker({ handlers: [handle(job, run)], concurrency: 2, redis: own.server.url });
    await until('a job and a row to run', () => began.length === 2);
    expect(await mute.cancel(job, id)).toBe('requested');
    expect(await mute.batches.cancel({ name: 'b' })).toMatchObject({ found: 'open', cancelledNow: 2 });
    await worker.process.untilEmpty();
    expect(began).toHaveLength(2);
    expect(await all.batches.show({ name: 'b' })).toMatchObject({ cancelled: 3 });
    expect((await own.queue(job.queue).getJob(id))?.failedReason).toContain('JobCancelled');
  });
});
