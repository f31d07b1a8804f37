import { join } from 'node:path';
import { defineJob } from '@bullpen/shared';
import { type HandlerFunction, handle, JobSnoozed } from '@bullpen/worker';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { handlePrecious } from '../fixtures/handlers.js';
import { precious } from '../fixtures/jobs.js';
import { OwnRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';
import { test } from '../support/world.js';

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
    await heard.subscribe(`${world.prefix}:precious:cancelled`);
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
