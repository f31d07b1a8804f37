import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { exportFailures, openSource } from '@bullpen/producer';
import { defineJob } from '@bullpen/shared';
import { handle } from '@bullpen/worker';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { test, type World } from '../support/world.js';

/** What a value of JavaScript cannot hold, and what it would write in other words. */
const TEXTS = [
  '{"id":12345678901234567890,"rate":1e400}',
  '{"id":12345678901234567000, "list":[{"x":-1e400},1.0]}',
  '{"id":1E5,"name":"\\u0041"}',
];

const exact = defineJob({
  ...{ name: 'test.exact', queue: 'exact', payload: z.unknown(), maxAttempts: 2 },
  backoff: { type: 'fixed', delay: 1, jitter: 0 },
});

/** Attempts every row, and fails. */
async function failAll(world: World): Promise<void> {
  const handlers = [handle(exact, () => Promise.reject(new Error('no luck')))];
  const worker = world.worker({ handlers });
  await worker.process.untilEmpty();
  await worker.drain();
}

async function exported(world: World, format: 'csv' | 'ndjson'): Promise<string> {
  const { batches } = world.producer();
  const output = new PassThrough();
  const { signal } = new AbortController();
  await exportFailures(batches, await batches.show({ name: 'b' }), output, { format, signal });
  return text(output);
}

const storedOf = ({ redis, prefix }: World): Promise<(string | null)[]> =>
  Promise.all(TEXTS.map((_, at) => redis.hget(`${prefix}:${exact.queue}:b-b-${at + 1}`, 'data')));

describe('the numbers of a row', () => {
  test.for([1, 3])(
    'stay as they were written, through attempts, export and retry (%i rows a job)',
    async (rowsPerJob, { world }) => {
      const source = await openSource(await world.file('rows.ndjson', TEXTS.join('\n')), undefined, process.stdin);
      const { batches } = world.producer();
      await batches.run(exact, { name: 'b', source, rowsPerJob });
      await failAll(world);
      const own = '"error":"Error: no luck","attempts":2}';
      expect(await exported(world, 'ndjson')).toBe(TEXTS.map((row) => `${row.slice(0, -1)},${own}\n`).join(''));
      expect((await exported(world, 'csv')).split('\n')).toEqual([
        ...['id,rate,list,name,error,attempts', '12345678901234567890,1e400,,,Error: no luck,2'],
        '12345678901234567000,,"[{""x"":-1e400},1.0]",,Error: no luck,2',
        ...['1E5,,,A,Error: no luck,2', ''],
      ]);
      expect(await batches.retry(exact, { name: 'b' })).toMatchObject({ retried: 3 });
      expect(await storedOf(world)).toEqual(TEXTS);
    },
  );

  test('stay as they were written when rows are lost and brought back', async ({ world }) => {
    const file = await world.file('rows.ndjson', TEXTS.join('\n'));
    const open = () => openSource(file, undefined, process.stdin);
    const { batches } = world.producer();
    await batches.run(exact, { name: 'b', source: await open() });
    await world.queue(exact.queue).remove('b-b-1');
    expect(await batches.repair({ name: 'b', from: { job: exact, source: await open() } })).toMatchObject({
      enqueued: 1,
    });
    expect(await storedOf(world)).toEqual(TEXTS);
  });
});
