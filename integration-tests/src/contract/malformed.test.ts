import type { Job, Queue } from 'bullmq';
import { describe, expect } from 'vitest';
import { handlePrecious } from '../fixtures/handlers.js';
import { precious } from '../fixtures/jobs.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

/** Stores a job as a client that does not write JSON would. */
async function store(world: World, id: string, fields: Record<string, string>): Promise<void> {
  const base = `${world.prefix}:precious`;
  await world.redis.hset(`${base}:${id}`, { name: 'test.precious', timestamp: Date.now(), ...fields });
  await world.redis.multi().lpush(`${base}:wait`, id).zadd(`${base}:marker`, 0, '0').exec();
}

/**
 * Waits until a job is in the failed set, and returns it. Before that BullMQ may be unable to read
 * it, so the job cannot be asked for by its id.
 */
const failed = (queue: Queue, id: string): Promise<Job> =>
  until(`${id} to be rejected`, async () => (await queue.getFailed()).find((job) => job.id === id));

const CASES: Record<string, Record<string, string>> = {
  'its data': { data: '{"name":', opts: '{"attempts":5}' },
  'its opts': { data: '{}', opts: 'attempts=5' },
  'its opts, which are JSON, and nothing': { data: '{}', opts: 'null' },
  'its progress': { data: '{}', opts: '{}', progress: '50%' },
  'its parent': { data: '{}', opts: '{}', parent: 'somebody' },
  everything: { data: 'data', opts: 'opts', progress: 'progress', parent: 'parent' },
};

describe('a job that is not JSON', () => {
  for (const [what, fields] of Object.entries(CASES)) {
    test(`in ${what}: rejected at once, once, and readable for everybody from then on`, async ({ world }) => {
      const worker = world.worker({ handlers: [handlePrecious], concurrency: 1 });
      await worker.ready;
      await store(world, 'bad', fields);
      // One comes with the answer to another job's end, the other by a fetch.
      const { id } = await world.producer().enqueue(precious, {});
      await store(world, 'bad-too', fields);
      const queue = world.queue('precious');
      expect(await (await world.settled(queue, id)).getState()).toBe('completed');
      for (const bad of ['bad', 'bad-too']) {
        const job = await failed(queue, bad);
        expect(job.failedReason).toMatch(/^JobMalformed: the job was stored with .* not JSON; enqueue it anew$/);
        expect(job).toMatchObject({ attemptsMade: 1, stalledCounter: 0 });
        const { malformed } = (job.opts as { bullpen: { malformed: Record<string, string> } }).bullpen;
        for (const [field, text] of Object.entries(malformed)) expect(fields[field]).toBe(text);
      }
      expect(await worker.drain()).toMatchObject({ sinceStart: { completed: 1, failed: 2, unrecorded: 0 } });
    });
  }

  test('is told by the end that brought it: that end counts', async ({ world }) => {
    const queue = world.queue('precious');
    await queue.waitUntilReady();
    const { id } = await world.producer().enqueue(precious, {});
    await store(world, 'bad', { data: '{', opts: '{' });
    const worker = world.worker({ handlers: [handlePrecious], concurrency: 1 });
    await until('both to be settled', async () => (await queue.getJobCountByTypes('completed', 'failed')) === 2);
    expect(await (await world.settled(queue, id)).getState()).toBe('completed');
    expect(await worker.drain()).toMatchObject({ sinceStart: { completed: 1, failed: 1, unrecorded: 0 } });
  });

  test('is rejected again when somebody retries it as it is', async ({ world }) => {
    await store(world, 'bad', { data: '{', opts: '{}' });
    world.worker({ handlers: [handlePrecious] });
    const queue = world.queue('precious');
    const first = await failed(queue, 'bad');
    await first.retry();
    const again = await until('it to fail again', async () => {
      const job = await queue.getJob('bad');
      return job?.attemptsStarted === 2 && job.finishedOn !== undefined ? job : undefined;
    });
    expect(again.failedReason).toMatch(/^JobMalformed/);
  });

  test('and has a payload and no name: rejected, as nothing handles it', async ({ world }) => {
    await store(world, 'nameless', { data: '{}', opts: '{}' });
    await world.redis.hdel(`${world.prefix}:precious:nameless`, 'name');
    world.worker({ handlers: [handlePrecious] });
    const job = await world.settled(world.queue('precious'), 'nameless');
    expect(job.failedReason).toMatch(/^HandlerMissing/);
  });
});
