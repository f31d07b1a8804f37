import type { Job } from 'bullmq';
import { describe, expect } from 'vitest';
import { scripted } from '../fixtures/jobs.js';
import { Supervised } from '../support/supervised.js';
import { until } from '../support/until.js';
import { lendWorld, test, type World } from '../support/world.js';

/**
 * Not a round number: the interval that is computed from it must be whole all the same, or Redis
 * refuses to look for dead workers.
 */
const LEASE = ['--lease', '2003ms'];

const ONE_QUEUE = [...LEASE, '--queue', 'scripted'];
const CRASHED = 'JobCrashed: 3 worker processes died or stood still while attempting the job';

/** Enqueues a job that kills its process after 0.3 s, among others that work for 2 s. */
async function poisonAmong(world: World, others: number): Promise<string> {
  const producer = world.producer();
  const work = { name: 'innocent', ends: [{ do: 'work' as const, ms: 2_000 }] };
  const poison = { name: 'poison', ends: [{ do: 'kill-process' as const, ms: 300 }] };
  const half = Math.ceil(others / 2);
  await producer.enqueueMany(scripted, Array(half).fill(work));
  const { id } = await producer.enqueue(scripted, poison);
  await producer.enqueueMany(scripted, Array(others - half).fill(work));
  return id;
}

/** Waits until all jobs are settled. Those that failed. */
async function failedOf(world: World, count: number): Promise<Job[]> {
  const queue = world.queue('scripted');
  await until(
    'all jobs to be settled',
    async () => (await queue.getJobCountByTypes('completed', 'failed')) === count,
    100_000,
    100,
  );
  return queue.getFailed();
}

describe('a poison job', () => {
  test('that kills its worker again and again ends in the failed set, and other jobs are completed', async ({
    world,
  }) => {
    const poison = await world.producer().enqueue(scripted, { name: 'poison', ends: [{ do: 'kill-process' }] });
    const worker = new Supervised(world, LEASE);
    const job = await until(
      'the poison job to fail',
      async () => {
        const found = await world.queue('scripted').getJob(poison.id);
        return found?.finishedOn === undefined ? undefined : found;
      },
      90_000,
    );
    expect(await job.getState()).toBe('failed');
    expect(job.failedReason).toBe(CRASHED);
    expect(job.attemptsMade).toBe(0);
    expect(worker.deaths).toBe(3);
    // Somebody may repair the handler and retry the job by hand: it then has a crash budget of its
    // own.
    expect((await world.queue('scripted').getJob(poison.id))?.stalledCounter).toBe(0);
    const { id } = await world.producer().enqueue(scripted, {});
    expect(await (await world.settled(world.queue('scripted'), id)).getState()).toBe('completed');
  }, 120_000);

  test.each([
    [1, 19],
    [3, 59],
  ])(
    'among others, with a fleet of %i: it alone fails',
    async (size, others) => {
      // vitest gives a fixture only to a test without a table.
      await lendWorld(async (world) => {
        const id = await poisonAmong(world, others);
        const fleet = Array.from({ length: size }, () => new Supervised(world, [...ONE_QUEUE, '--concurrency', '20']));
        const failed = await failedOf(world, others + 1);
        expect(failed.map((job) => [job.id, job.failedReason])).toEqual([[id, CRASHED]]);
        // The first death charges nobody.
        const deaths = fleet.reduce((sum, worker) => sum + worker.deaths, 0);
        expect(deaths).toBe(4);
      });
    },
    120_000,
  );
});
