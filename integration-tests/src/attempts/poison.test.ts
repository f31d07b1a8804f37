import type { Job } from 'bullmq';
import { describe, expect } from 'vitest';
import { bulk, precious, scripted } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { until } from '../support/until.js';
import { lendWorld, test, type World } from '../support/world.js';

/**
 * Not a round number: the interval that is computed from it must be whole all the same, or Redis
 * refuses to look for dead workers.
 */
const LEASE = ['--lease', '2003ms'];

const ONE_QUEUE = [...LEASE, '--queue', 'scripted'];
const CRASHED = 'JobCrashed: 3 worker processes died or stood still while attempting the job';

/** Enqueues a job that kills its process after 0.2 s, among others that work for 0.6 s. */
async function poisonAmong(world: World, others: number): Promise<string> {
  const producer = world.producer();
  const work = { name: 'innocent', ends: [{ do: 'work' as const, ms: 600 }] };
  const poison = { name: 'poison', ends: [{ do: 'kill-process' as const, ms: 200 }] };
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

/** Those of some jobs that are suspects. */
async function suspectsOf(world: World, jobs: readonly { readonly id: string }[]): Promise<string[]> {
  const marks = await Promise.all(
    jobs.map(({ id }) => world.redis.hget(`${world.prefix}:scripted:${id}`, 'bullpen.suspect')),
  );
  return marks.filter((mark) => mark !== null);
}

/** The rows of batch x that ended as crashed. */
async function crashedRows(world: World): Promise<number[]> {
  const rows: number[] = [];
  for await (const { row, outcome } of world.producer().batches.failures({ name: 'x' })) {
    if (outcome === 'crashed') rows.push(row);
  }
  return rows;
}

/** What trials have left behind on Redis, besides what expires by itself. */
const leftOf = async (world: World): Promise<string[]> =>
  (await world.keys()).filter((key) => key.endsWith(':suspects') || key.endsWith(':lock'));

describe('a poison job', () => {
  test('that kills its worker again and again ends in the failed set, and other jobs are completed', async ({
    world,
  }) => {
    const poison = await world.producer().enqueue(scripted, { name: 'poison', ends: [{ do: 'kill-process' }] });
    const worker = world.supervised(LEASE);
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
    [1, 9],
    [3, 29],
  ])(
    'among others, with a fleet of %i: it alone fails',
    async (size, others) => {
      // vitest gives no fixture to a test with a table.
      await lendWorld(async (world) => {
        const id = await poisonAmong(world, others);
        const fleet = Array.from({ length: size }, () => world.supervised([...ONE_QUEUE, '--concurrency', '10']));
        const failed = await failedOf(world, others + 1);
        expect(failed.map((job) => [job.id, job.failedReason])).toEqual([[id, CRASHED]]);
        // The first death charges nobody.
        expect(fleet.reduce((sum, worker) => sum + worker.deaths, 0)).toBe(4);
        expect(await leftOf(world)).toEqual([]);
      });
    },
    120_000,
  );

  test('that is a row of a shared job, among other shared jobs: that row alone fails', async ({ world }) => {
    const rows = Array.from({ length: 12 }, (_, at) => ({
      name: `row ${at + 1}`,
      ends: [at === 4 ? { do: 'kill-process' as const, ms: 100 } : { do: 'work' as const, ms: 200 }],
    }));
    const producer = world.producer();
    await producer.batches.run(scripted, { name: 'x', source: sourceOf(rows), rowsPerJob: 3 });
    world.supervised([...ONE_QUEUE, '--concurrency', '10']);
    const settled = await producer.batches.wait({ name: 'x' });
    expect(settled).toMatchObject({ added: 12, completed: 11, failed: 1, missing: 0 });
    expect(await crashedRows(world)).toEqual([5]);
  }, 120_000);

  test('that is one of the rows of a handler of many, among other calls: that row alone fails', async ({ world }) => {
    const rows = Array.from({ length: 20 }, (_, at) => ({ id: at + 1, kills: at === 6 }));
    const producer = world.producer();
    await producer.batches.run(bulk, { name: 'x', source: sourceOf(rows) });
    world.supervised([...LEASE, '--queue', 'bulk', '--concurrency', '10']);
    const settled = await producer.batches.wait({ name: 'x' });
    expect(settled).toMatchObject({ added: 20, completed: 19, failed: 1, missing: 0 });
    expect(await crashedRows(world)).toEqual([7]);
  }, 120_000);

  test('that has gone leaves suspects that are long and healthy: each holds the others up for a time only', async ({
    world,
  }) => {
    const path = `${world.folder}/go`;
    const long = { name: 'long', ends: [{ do: 'until-file' as const, path }] };
    const producer = world.producer();
    const added = await Promise.all([1, 2, 3].map(() => producer.enqueue(scripted, long)));
    const killed = world.workerProcess(ONE_QUEUE);
    await world.started(3);
    killed.kill('SIGKILL');
    world.workerProcess(ONE_QUEUE);
    // None of the three has ended when the last one starts.
    await world.started(6);
    const queue = world.queue('scripted');
    await until('all to be acquitted', async () => (await suspectsOf(world, added)).length === 0);
    await world.file('go', '');
    for (const { id } of added) expect(await (await world.settled(queue, id)).getState()).toBe('completed');
    expect(await Promise.all(added.map(async ({ id }) => (await queue.getJob(id))?.stalledCounter))).toEqual([0, 0, 0]);
  });

  test('in one of two queues of a process charges nobody in the other', async ({ world }) => {
    const producer = world.producer();
    const bystander = await producer.enqueue(precious, { name: 'innocent', ends: [{ do: 'work', ms: 2_000 }] });
    const poison = await producer.enqueue(scripted, { name: 'poison', ends: [{ do: 'kill-process', ms: 300 }] });
    world.supervised([...LEASE, '--queue', 'scripted', '--queue', 'precious']);
    const failed = await world.settled(world.queue('scripted'), poison.id);
    expect(failed.failedReason).toBe(CRASHED);
    // One crash would fail it.
    const job = await world.settled(world.queue('precious'), bystander.id);
    expect(await job.getState()).toBe('completed');
    expect(job.stalledCounter).toBe(0);
  }, 120_000);
});
