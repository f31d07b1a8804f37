import { type BatchSource, openSource, type SourceRow } from '@bullpen/producer';
import { BatchLost } from '@bullpen/shared';
import { handle } from '@bullpen/worker';
import { describe, expect } from 'vitest';
import { row } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { until } from '../support/until.js';
import { test } from '../support/world.js';

const rows = (count: number) => Array.from({ length: count }, (_, at) => ({ id: at + 1, email: 'a@example.com' }));

describe('the books of a batch', () => {
  test('expire before the columns of a slow source are known, and are not made again', async ({ world }) => {
    const producer = world.producer();
    const books = `${world.prefix}:rows:batch:slow`;
    async function* blocks(): AsyncGenerator<readonly SourceRow[]> {
      await until('the books to be opened', async () => (await world.redis.exists(books)) === 1);
      await until('the books to expire', async () => (await world.redis.exists(books)) === 0);
      yield [{ row: 1, line: 1, text: '1', ok: true, value: rows(1)[0] }];
    }
    const source: BatchSource = { blocks: blocks(), name: '-', format: 'csv', columns: () => ['id', 'email'] };
    const batch = producer.batches.run(row, { name: 'slow', source, keep: '1s' });
    await expect(batch).rejects.toMatchObject({ cause: expect.any(BatchLost) });
    expect(await world.redis.exists(books)).toBe(0);
  });

  test('are removed when the source is broken from its beginning: the repaired source can use the name', async ({
    world,
  }) => {
    const producer = world.producer();
    const open = async (text: string) => openSource(await world.file('rows.csv', text), undefined, process.stdin);
    const bad = producer.batches.run(row, { name: 'mended', source: await open('id,id\n1,2\n') });
    await expect(bad).rejects.toThrow("the CSV header names 'id' twice");
    expect(await world.keys()).toEqual([]);
    const good = producer.batches.run(row, { name: 'mended', source: await open('id,email\n1,a@example.com\n') });
    expect(await good).toMatchObject({ read: 1, added: 1 });
  });

  test('of a cancelled batch are gone: a new batch of that name is not cancelled', async ({ world }) => {
    const producer = world.producer();
    await producer.batches.run(row, { name: 'again', source: sourceOf(rows(3)) });
    await producer.batches.cancel({ name: 'again' });
    await world.redis.del(`${world.prefix}:rows:batch:again`);
    world.worker({ handlers: [handle(row, async () => undefined)] });
    await producer.batches.run(row, { name: 'again', source: sourceOf(rows(5)) });
    const settled = await producer.batches.wait({ name: 'again' });
    expect(settled).toMatchObject({ added: 5, completed: 5, cancelled: 0 });
  });

  for (const rowsPerJob of [1, 2]) {
    test(`are gone while jobs of ${rowsPerJob} row(s) still wait: a new batch of that name has its own rows attempted`, async ({
      world,
    }) => {
      const producer = world.producer();
      const people = (email: string) => rows(5).map((one) => ({ ...one, email }));
      await producer.batches.run(row, { name: 'again', rowsPerJob, source: sourceOf(people('old@example.com')) });
      await world.redis.del(`${world.prefix}:rows:batch:again`);
      await producer.batches.run(row, { name: 'again', rowsPerJob, source: sourceOf(people('new@example.com')) });
      const seen: string[] = [];
      world.worker({ handlers: [handle(row, async ({ email }) => void seen.push(email))] });
      const settled = await producer.batches.wait({ name: 'again' });
      expect(settled).toMatchObject({ added: 5, completed: 5 });
      expect(seen).toEqual(Array(5).fill('new@example.com'));
    });
  }
});
