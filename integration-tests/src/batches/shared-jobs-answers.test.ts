import type { BatchOptions, BatchView } from '@bullpen/producer';
import { describe, expect } from 'vitest';
import { hasty } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

type Counts = Pick<BatchView, 'waiting' | 'active' | 'completed' | 'failed'>;

/**
 * Two rows of one job. The first row fails, and may succeed from then on. The books have its
 * failure, and its worker gets no answer.
 */
async function failUnheard(world: World, options: Partial<BatchOptions> = {}) {
  const { proxy, url } = await world.proxy();
  const producer = world.producer();
  const rows = [
    { name: 'first', ends: [{ do: 'until-file', path: `${world.folder}/go` }] },
    { name: 'other', ends: [{ do: 'return' }] },
  ];
  const send = (batch: string) =>
    producer.batches.run(hasty, { ...options, name: batch, source: sourceOf(rows), rowsPerJob: 2 });
  await send('x');
  // The call that records its failure contains the row's payload.
  proxy.keepRepliesTo('"name":"first"');
  world.workerProcess(['--redis', url, '--queue', 'scripted', '--lease', '60s', '--concurrency', '1']);
  const counts = async (): Promise<Counts> => {
    const { waiting, active, completed, failed } = await producer.batches.show({ name: 'x' });
    return { waiting, active, completed, failed };
  };
  await until('the row to have failed', async () => (await counts()).failed === 1);
  await world.file('go', '');
  const heal = async (): Promise<void> => {
    proxy.heal();
    proxy.cut();
    await until('both rows to be settled', async () => {
      const { waiting, active } = await counts();
      return waiting + active === 0;
    });
  };
  return { producer, send, counts, heal };
}

describe('the failure of a row whose answer was lost', () => {
  test('is recorded again, and does not touch the row that was retried meanwhile', async ({ world }) => {
    const { producer, counts, heal } = await failUnheard(world);
    expect(await producer.batches.retry(hasty, { name: 'x' })).toMatchObject({ retried: 1 });
    expect(await counts()).toEqual({ waiting: 1, active: 1, completed: 0, failed: 0 });
    await heal();
    expect(await counts()).toEqual({ waiting: 0, active: 0, completed: 2, failed: 0 });
  });

  test('is recorded again, and does not free its key a second time, as another row has it', async ({ world }) => {
    const { send, counts, heal } = await failUnheard(world, { keyField: 'name' });
    expect(await send('y')).toMatchObject({ added: 1, duplicate: 1 });
    await heal();
    expect(await counts()).toMatchObject({ completed: 1, failed: 1 });
    expect(await send('z')).toMatchObject({ added: 0, duplicate: 2 });
  });
});
