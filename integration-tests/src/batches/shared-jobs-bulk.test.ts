import { defineJob } from '@bullpen/shared';
import { handleMany, type ManyHandlerFunction, type RowOutcome } from '@bullpen/worker';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { bulk } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { test, type World } from '../support/world.js';

const job = defineJob({
  ...{ name: 'test.many', queue: 'many', rowsPerJob: 5, maxAttempts: 2 },
  payload: z.object({ id: z.number() }),
  result: z.number().optional(),
  backoff: { type: 'fixed', delay: 20, jitter: 0 },
});

const values = (count: number) => Array.from({ length: count }, (_, at) => ({ id: at + 1 }));

/**
 * Attempts a batch of so many rows by a handler of many. Returns how it ended, and which rows each
 * call got.
 */
async function workOff(world: World, count: number, run: ManyHandlerFunction<typeof job>) {
  const calls: number[][] = [];
  const handler = handleMany(job, (rows, context) => {
    calls.push(rows.map(({ payload }) => payload.id));
    return run(rows, context);
  });
  await world.producer().batches.run(job, { name: 'x', source: sourceOf(values(count)), results: true });
  const worker = world.worker({ handlers: [handler], concurrency: 1 });
  const settled = await world.producer().batches.wait({ name: 'x' });
  await worker.process.untilEmpty();
  return { settled, calls };
}

/** Fails the row with this id, and completes all others with their ids. */
const failing =
  (bad: number): ManyHandlerFunction<typeof job> =>
  (rows) =>
    Promise.allSettled(
      rows.map(async ({ payload: { id } }) => {
        if (id === bad) throw new Error('boom');
        return id;
      }),
    );

describe('a handler of many', () => {
  test('gets all rows of a job at once, and completes all of them when it returns nothing', async ({ world }) => {
    const { settled, calls } = await workOff(world, 7, () => undefined);
    expect(settled).toMatchObject({ added: 7, completed: 7, failed: 0, missing: 0 });
    expect(calls).toEqual([
      [1, 2, 3, 4, 5],
      [6, 7],
    ]);
  });

  test('says how each row ended; the failed row comes again, alone', async ({ world }) => {
    const { settled, calls } = await workOff(world, 5, failing(3));
    expect(settled).toMatchObject({ completed: 4, failed: 1, missing: 0 });
    expect(calls).toEqual([[1, 2, 3, 4, 5], [3]]);
    const results = [];
    for await (const result of world.producer().batches.results({ name: 'x' })) results.push(result);
    expect(results).toEqual([1, 2, 4, 5].map((row) => ({ row, result: row })));
  });

  test('fails all rows when it throws; each row is attempted again', async ({ world }) => {
    const { settled, calls } = await workOff(world, 3, (rows) => {
      if (rows.length > 1) throw new Error('the database is away');
    });
    expect(settled).toMatchObject({ completed: 3, failed: 0, missing: 0 });
    expect(calls).toHaveLength(1 + 3);
    expect(calls.slice(1).flat().sort()).toEqual([1, 2, 3]);
  });

  test('fails all rows when it returns outcomes that do not fit its rows', async ({ world }) => {
    const tooFew: RowOutcome<typeof job>[] = [{ status: 'fulfilled', value: 1 }];
    const { settled, calls } = await workOff(world, 3, (rows) => (rows.length > 1 ? tooFew : [...tooFew, ...tooFew]));
    expect(settled).toMatchObject({ completed: 0, failed: 3, missing: 0 });
    expect(calls).toHaveLength(1 + 3);
    const { reasons } = await world.producer().batches.show({ name: 'x' });
    expect(reasons).toEqual([
      {
        reason: expect.stringMatching(
          /^ResultInvalid: .* what Promise.allSettled returns, one entry for each of … rows$/,
        ),
        count: 3,
        example: { row: expect.any(Number), error: expect.stringMatching(/one entry for each of \d rows$/) },
      },
    ]);
  });

  test('that crashes its worker gets the rows one by one: the row at fault ends as crashed, the others complete', async ({
    world,
  }) => {
    const rows = values(5).map(({ id }) => ({ id, kills: id === 3 }));
    await world.producer().batches.run(bulk, { name: 'x', source: sourceOf(rows) });
    // One job at a time: the row at fault would also kill the rows that run beside it.
    const worker = world.supervised(['--queue', 'bulk', '--lease', '2s', '--concurrency', '1']);
    const settled = await world.producer().batches.wait({ name: 'x' });
    expect(settled).toMatchObject({ added: 5, completed: 4, failed: 1, missing: 0 });
    const begun = world.ledger().filter(({ event }) => event === 'start');
    expect(begun[0]).toMatchObject({ name: '1,2,3,4,5', jobId: 'b-x-1_5' });
    expect(
      begun
        .slice(1)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['1', '2', '3', '3', '4', '5']);
    expect(worker.deaths).toBe(3);
  }, 120_000);
});
