import { type BatchOptions, type BatchSource, openSource, type Producer } from '@bullpen/producer';
import { handle } from '@bullpen/worker';
import type { Queue } from 'bullmq';
import { describe, expect } from 'vitest';
import { row as job } from '../fixtures/jobs.js';
import { test, type World } from '../support/world.js';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);
/** One row for each of these ids; a row without an id is rejected. */
const csv = (ids: readonly (number | undefined)[]): string =>
  `id,email\n${ids.map((id) => `${id ?? 'none'},c@example.com\n`).join('')}`;
const openRows = async (world: World, ids: readonly (number | undefined)[], name = 'rows.csv'): Promise<BatchSource> =>
  openSource(await world.file(name, csv(ids)), undefined, process.stdin);

/** A batch, some of whose jobs somebody removes. */
async function batchOf(world: World, ids: readonly (number | undefined)[], options: Partial<BatchOptions> = {}) {
  const producer = world.producer();
  await producer.batches.run(job, { name: 'b', source: await openRows(world, ids), ...options });
  const queue = world.queue(job.queue);
  const show = () => producer.batches.show({ name: 'b' });
  const settle = () => producer.batches.repair({ name: 'b', settle: true });
  const repair = async () => producer.batches.repair({ name: 'b', from: { job, source: await openRows(world, ids) } });
  return { producer, queue, show, settle, repair };
}

async function remove(queue: Queue, ...jobIds: string[]): Promise<void> {
  for (const id of jobIds) expect(await queue.remove(id)).toBe(1);
}

/** Attempts all that waits. Returns the ids of the rows that ran. */
async function workOff(world: World): Promise<number[]> {
  const ran: number[] = [];
  const worker = world.worker({ handlers: [handle(job, async ({ id }) => void ran.push(id))] });
  await worker.process.untilEmpty();
  await worker.drain();
  return ran.toSorted((a, b) => a - b);
}

const sendAgain = async (world: World, producer: Producer, ids: readonly number[]) =>
  producer.batches.run(job, { name: 'again', source: await openRows(world, ids, 'again.csv'), keyField: 'id' });

describe('rows whose jobs somebody removed', () => {
  test.for([
    [1, ['b-b-2', 'b-b-5']],
    [3, ['b-b-1_3', 'b-b-4_6']],
  ] as const)(
    'are enqueued again from the source, and no other row (%i rows a job)',
    async ([rowsPerJob, gone], { world }) => {
      const { producer, queue, show, repair } = await batchOf(world, upTo(9), { keyField: 'id', rowsPerJob });
      await remove(queue, ...gone);
      const missing = gone.length * rowsPerJob;
      expect(await repair()).toEqual({
        ...{ name: 'b', queue: job.queue, missing, enqueued: missing, failed: 0, interrupted: false },
      });
      expect(await repair()).toMatchObject({ missing: 0, enqueued: 0 });
      expect(await workOff(world)).toEqual(upTo(9));
      expect(await show()).toMatchObject({ completed: 9, failed: 0, missing: 0, stage: 'settled' });
      expect(await sendAgain(world, producer, upTo(9))).toMatchObject({ added: 0, duplicate: 9 });
    },
  );

  test.for([
    [1, {}],
    [3, {}],
    [1, { delay: '1h' }],
    [1, { priority: 2 }],
  ] as const)(
    'run once when their ids were left on the queue (%i rows a job, %o)',
    async ([rowsPerJob, options], { world }) => {
      const { queue, show, repair } = await batchOf(world, upTo(6), { keyField: 'id', rowsPerJob, ...options });
      const ids = rowsPerJob === 1 ? ['b-b-2', 'b-b-3', 'b-b-5'] : ['b-b-1_3'];
      const base = `${world.prefix}:${job.queue}:`;
      await world.redis.del(...ids.map((id) => base + id));
      expect(await repair()).toMatchObject({ missing: 3, enqueued: 3 });
      expect(await repair()).toMatchObject({ missing: 0 });
      const sets = ['delayed', 'prioritized'].map((set) => world.redis.zrange(base + set, '0', '-1'));
      const left = (await Promise.all([world.redis.lrange(`${base}wait`, 0, -1), ...sets])).flat();
      expect(await world.redis.exists(...left.map((id) => base + id))).toBe(new Set(left).size);
      expect(left).toHaveLength(rowsPerJob === 1 ? 6 : 4);
      for (const { id = '' } of await queue.getDelayed()) await queue.getJob(id).then((late) => late?.promote());
      expect(await workOff(world)).toEqual(upTo(6));
      expect(await show()).toMatchObject({ completed: 6, failed: 0, missing: 0, stage: 'settled' });
    },
  );

  test.for([1, 3])(
    'are found when their jobs stand in no list any more (%i rows a job)',
    async (rowsPerJob, { world }) => {
      const { show, repair } = await batchOf(world, upTo(6), { keyField: 'id', rowsPerJob });
      await world.redis.del(`${world.prefix}:${job.queue}:wait`);
      expect(await show()).toMatchObject({ missing: 6 });
      expect(await repair()).toMatchObject({ missing: 6, enqueued: 6 });
      expect(await workOff(world)).toEqual(upTo(6));
      expect(await show()).toMatchObject({ completed: 6, missing: 0 });
    },
  );

  test('are found when a job failed without its batch, because its options were unreadable', async ({ world }) => {
    const { queue, show, repair } = await batchOf(world, upTo(3), { keyField: 'id' });
    await world.redis.hset(`${world.prefix}:${job.queue}:b-b-2`, 'opts', '{');
    expect(await workOff(world)).toEqual([1, 3]);
    expect(await queue.getFailedCount()).toBe(1);
    expect(await repair()).toMatchObject({ missing: 1, enqueued: 1 });
    expect(await queue.getFailedCount()).toBe(0);
    expect(await workOff(world)).toEqual([2]);
    expect(await show()).toMatchObject({ completed: 3, failed: 0, missing: 0 });
  });

  test('are settled as failed without the source, and their keys are free; with it they come back', async ({
    world,
  }) => {
    const { producer, queue, show, settle, repair } = await batchOf(world, upTo(4), { keyField: 'id' });
    await remove(queue, 'b-b-1', 'b-b-4');
    expect(await settle()).toMatchObject({ missing: 2, enqueued: 0, failed: 2 });
    expect(await show()).toMatchObject({
      ...{ waiting: 2, failed: 2, reasons: [{ reason: expect.stringMatching(/^JobLost: its job is gone/), count: 2 }] },
    });
    expect(await sendAgain(world, producer, [1])).toMatchObject({ added: 1, duplicate: 0 });
    // Row 1 stays failed, as another row has its key now.
    expect(await repair()).toMatchObject({ missing: 2, enqueued: 1, failed: 1 });
    expect(await workOff(world)).toEqual([1, 2, 3, 4]);
    expect(await show()).toMatchObject({ completed: 3, failed: 1 });
  });

  test('are told from rows that were duplicates or rejected', async ({ world }) => {
    await sendAgain(world, world.producer(), [1, 2]);
    const batch = await batchOf(world, [1, 2, 3, undefined, 4], { keyField: 'id' });
    const { producer, queue, show, settle, repair } = batch;
    expect(await show()).toMatchObject({ added: 2, duplicate: 2, rejected: 1 });
    // The keys of rows 1 and 2 are free again. But these rows were never added.
    await producer.batches.cancel({ name: 'again' });
    await remove(queue, 'b-b-3');
    expect(await settle()).toMatchObject({ missing: 1 });
    expect(await repair()).toMatchObject({ missing: 1, enqueued: 1 });
    expect(await workOff(world)).toEqual([3, 4]);
    expect(await show()).toMatchObject({ completed: 2, failed: 0, waiting: 0 });
  });

  test('of a batch without keys: rejected rows can be told from them by the source only', async ({ world }) => {
    const { queue, show, settle, repair } = await batchOf(world, [1, undefined, 3]);
    await remove(queue, 'b-b-1');
    await expect(settle()).rejects.toThrow(/rejected rows, which cannot be told from missing ones; give its source/);
    expect(await repair()).toMatchObject({ missing: 1, enqueued: 1 });
    expect(await workOff(world)).toEqual([1, 3]);
    expect(await show()).toMatchObject({ completed: 2, failed: 0 });
  });

  test('of a batch without keys, duplicates and rejected rows are found by their numbers', async ({ world }) => {
    const { queue, show, settle } = await batchOf(world, upTo(1_203), { rowsPerJob: 100 });
    await remove(queue, 'b-b-1_100', 'b-b-1201_1203');
    expect(await settle()).toMatchObject({ missing: 103, failed: 103 });
    expect(await show()).toMatchObject({ waiting: 1_100, failed: 103 });
  });

  test('are named by show with what to do; the command does it, or says what is wrong', async ({ world }) => {
    const { producer, queue } = await batchOf(world, upTo(3), { keyField: 'id' });
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await world.producerProcess(['batches', ...args]).ended;
      return { code, said: `${stdout}${stderr}` };
    };
    await remove(queue, 'b-b-1', 'b-b-2', 'b-b-3');
    expect((await run('show', 'b')).said).toContain(
      'missing (of the waiting)\t3; their jobs are gone: batches repair b ',
    );
    expect(await run('repair', 'b')).toEqual({ code: 64, said: expect.stringContaining('or give --settle') });
    const other = await world.file('other.csv', csv([9]));
    expect(await run('repair', 'b', other)).toEqual({
      code: 64,
      said: expect.stringContaining('the file has changed'),
    });
    expect(await run('repair', 'b', await world.file('rows.csv', csv(upTo(3))))).toEqual({
      ...{ code: 0, said: 'batch b: 3 rows were missing; 3 wait again\n' },
    });
    await remove(queue, 'b-b-2');
    const settled = await run('repair', 'b', '--settle', '--json');
    expect(JSON.parse(settled.said)).toEqual({
      ...{ name: 'b', queue: job.queue, missing: 1, enqueued: 0, failed: 1, interrupted: false },
    });
    expect(await producer.batches.show({ name: 'b' })).toMatchObject({ waiting: 2, failed: 1 });
  });
});
