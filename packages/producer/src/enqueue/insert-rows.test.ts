import { defineJob } from '@bullpen/shared';
import { batchKeys, hashKey } from '@bullpen/shared/internal';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { BatchPart, JobRow } from './chunk.js';
import { prepareRows, type RowsChunk } from './insert-rows.js';
import type { JobSettings } from './job-opts.js';
import type { ProducerRedis } from './producer-redis.js';

const job = defineJob({ name: 'rows.test', queue: 'mail', payload: z.unknown(), maxAttempts: 7 });
const options = { delayMs: 0, priority: 0, expiresAt: undefined, maxWaiting: undefined };
const rejected = new Map([['id: wrong', 2]]);
const part: BatchPart = {
  ...{ name: 'b1', keys: batchKeys('p', 'mail', 'b1'), rowsPerJob: 1, keyField: undefined, results: false },
  ...{ keepKeysMs: 5_000, from: 10, to: 14, fromChecksum: '17', toChecksum: '18', rejected, isLast: false },
};

/** A connection that has only the insert of rows. Answers `reply`, and records the arguments as text. */
function redisAnswering(...reply: string[]) {
  const calls: string[][] = [];
  const bullpenInsertRows = async (...args: (string | number | Buffer)[]): Promise<string[]> => {
    calls.push(args.map(String));
    return reply;
  };
  return { redis: { bullpenInsertRows } as unknown as ProducerRedis, calls };
}

const rowsOf = (...numbers: number[]): JobRow[] => numbers.map((row) => ({ row, data: '1' }));
const chunkOf = (parts: Partial<RowsChunk> = {}) =>
  prepareRows({ ...{ prefix: 'p', job, rows: rowsOf(11), options, batch: part }, ...parts });

/** What the script is told of the chunk as a whole, and the hashes and payloads after it. */
async function toldOf(parts: Partial<RowsChunk> = {}) {
  const { redis, calls } = redisAnswering('ok', 'a', '14', '7', '5', '2');
  await chunkOf(parts)(redis);
  const [, , , , , , , told = '', ...lines] = calls[0] ?? [];
  return { told: JSON.parse(told) as { settings: JobSettings; batch: unknown; count: number }, lines };
}

/** The opts of a job, put together as the script does it, with `between` between their pieces. */
async function optsOf(between: string, parts: Partial<RowsChunk> = {}): Promise<Record<string, unknown>> {
  const { told } = await toldOf(parts);
  return JSON.parse(told.settings.opts.join(between)) as Record<string, unknown>;
}

describe('prepareRows', () => {
  it('sends a key of the queue, those of the batch, what all rows share, and their payloads', async () => {
    const { redis, calls } = redisAnswering('ok', 'a', '14', '7', '5', '2');
    await chunkOf({ rows: [{ row: 11, data: '{"n":1}' }] })(redis);
    const { books, fates, failures, reasons, results } = part.keys;
    expect(calls[0]?.slice(0, 7)).toEqual(['p:mail:wait', books, fates, failures, reasons, results, 'p:mail:batches']);
    expect(calls[0]?.slice(8)).toEqual(['', '{"n":1}\n']);
  });

  it('sends the hashes of the rows’ keys', async () => {
    const { lines } = await toldOf({ rows: [{ key: 'a', row: 11, data: '1' }] });
    expect(lines[0]).toBe(`${hashKey(job.name, 'a')}\n`);
  });

  it('sends many rows as bytes, which are the same', async () => {
    const rows = Array.from({ length: 1_000 }, (_, at) => ({ row: at + 1, data: `"${'é'.repeat(at % 30)}"` }));
    expect((await toldOf({ rows })).lines[1]).toBe(rows.map(({ data }) => `${data}\n`).join(''));
  });

  it('writes the same opts for all rows of a batch, with room for the rows of a shared job', async () => {
    const batch = { ...part, keyField: 'id', results: true };
    const rows = rowsOf(11, 12, 14);
    const ofBatch = { keyField: 'id', results: true, batch: 'b1' };
    expect((await optsOf('', { batch, rows }))['bullpen']).toEqual(ofBatch);
    expect((await optsOf(',"rows":[11,12]', { batch, rows }))['bullpen']).toEqual({ ...ofBatch, rows: [11, 12] });
    const { told, lines } = await toldOf({ batch, rows });
    expect([told.count, lines]).toEqual([3, ['', '1\n1\n1\n']]);
    expect(told.batch).toEqual({
      ...{ name: 'b1', rowsPerJob: 1, from: 10, to: 14, rejected: ['id: wrong', 2], isLast: false },
      ...{ rows: [11, 12, 14, 14], fromChecksum: '17', toChecksum: '18', keepKeys: 5_000 },
    });
  });

  it('accepts a key field that looks like its own placeholders', async () => {
    for (const keyField of ['\uE000', '}}', '\\', '"', '"delay":null', '"expiresAt":null']) {
      const opts = await optsOf('', { batch: { ...part, keyField } });
      expect(opts).toMatchObject({ bullpen: { keyField, batch: 'b1' } });
    }
  });
});

describe('the reply of the script', () => {
  it.each([
    [
      ['ok', 'da', '14', '7', '5', '2'],
      { kind: 'ok', answers: ['duplicate', 'added'], counts: { read: 14, added: 7, duplicate: 5, rejected: 2 } },
    ],
    [['full', '7'], { kind: 'full', waiting: 7 }],
    [['mixed'], { kind: 'mixed' }],
    [['gone'], { kind: 'gone' }],
    [['cancelled'], { kind: 'cancelled' }],
    [['changed'], { kind: 'changed' }],
    [['ahead', '20', '99'], { kind: 'ahead', read: 20, checksum: '99' }],
    [['elsewhere', '5', '3'], { kind: 'elsewhere', read: 5, checksum: '3' }],
  ])('is read: %j', async (reply, inserted) => {
    expect(await chunkOf()(redisAnswering(...reply).redis)).toEqual(inserted);
  });
});
