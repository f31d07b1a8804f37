import { defineJob } from '@bullpen/shared';
import { batchKeys, hashKey } from '@bullpen/shared/internal';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { BatchPart, ChunkOptions, JobRow } from './chunk.js';
import { type Chunk, prepareChunk } from './insert.js';
import type { ProducerRedis } from './producer-redis.js';

const job = defineJob({
  ...{ name: 'insert.test', queue: 'mail', payload: z.unknown(), maxAttempts: 7 },
  backoff: { type: 'exponential', delay: '2s', maxDelay: '1m', jitter: 0.5 },
});
const expiring = defineJob({ name: 'insert.expiring', queue: 'mail', payload: z.unknown(), expiresIn: '1h' });

const NOW = 1_700_000_000_000;
const plain: JobRow = { data: '{"n":1}' };
const options: ChunkOptions = { delayMs: 0, priority: 0, expiresAt: undefined, maxWaiting: undefined };
const part: BatchPart = {
  ...{ name: 'b1', keys: batchKeys('p', 'mail', 'b1'), rowsPerJob: 1, keyField: undefined, results: false },
  ...{
    keepKeysMs: 5_000,
    from: 10,
    to: 14,
    fromChecksum: '17',
    toChecksum: '18',
    rejected: new Map([['id: wrong', 2]]),
    isLast: false,
  },
};

/**
 * A connection that has only the insert command. Answers `reply`, and records the arguments as
 * text.
 */
function redisAnswering(...reply: string[]) {
  const calls: (string | number)[][] = [];
  const bullpenInsert = async (...args: (string | number | Buffer)[]): Promise<string[]> => {
    calls.push(args.map((arg) => (Buffer.isBuffer(arg) ? arg.toString() : arg)));
    return reply;
  };
  return { redis: { bullpenInsert } as unknown as ProducerRedis, calls };
}

const chunkOf = (parts: Partial<Chunk> = {}) =>
  prepareChunk({
    ...{ prefix: 'p', job, rows: [plain], options, batch: undefined, now: NOW },
    ...parts,
  });

interface Told {
  readonly opts: string[];
  readonly [field: string]: unknown;
}

/** What the script is told of the chunk as a whole, and the ids and payloads after it. */
async function toldOf(parts: Partial<Chunk> = {}): Promise<{ told: Told; rows: (string | number)[] }> {
  const { redis, calls } = redisAnswering('ok', 'a');
  await chunkOf(parts)(redis);
  const [args = []] = calls;
  return { told: JSON.parse(String(args[15])) as Told, rows: args.slice(16) };
}

/** The opts of a job, put together as the script does it, with `between` between their pieces. */
async function optsOf(between: string, parts: Partial<Chunk> = {}): Promise<Record<string, unknown>> {
  const { told } = await toldOf(parts);
  return JSON.parse(told.opts.join(between)) as Record<string, unknown>;
}

describe('prepareChunk', () => {
  it('sends the keys of BullMQ and of the batch, what all jobs share, their ids and their payloads', async () => {
    const { redis, calls } = redisAnswering('ok', 'aa');
    await chunkOf({ prefix: 'shop', rows: [plain, { data: '"two"' }] })(redis);
    const [args = []] = calls;
    expect(args.slice(0, 9)).toEqual([
      ...['shop:mail:wait', 'shop:mail:meta', 'shop:mail:id', 'shop:mail:delayed', 'shop:mail:prioritized'],
      ...['shop:mail:pc', 'shop:mail:marker', 'shop:mail:events', 'shop:mail:active'],
    ]);
    expect(args[14]).toBe('shop:mail:batches');
    expect(JSON.parse(String(args[15]))).toMatchObject({
      ...{ base: 'shop:mail:', name: 'insert.test', now: '1700000000000', delay: 0, priority: 0, keyed: false },
    });
    expect(args[16]).toMatch(/^j-[0-9a-f-]{36}\nj-[0-9a-f-]{36}\n$/);
    expect(args[17]).toBe('{"n":1}\n"two"\n');
  });

  it('names as many keys for a chunk without a batch as for one of a batch', async () => {
    const { redis, calls } = redisAnswering('ok', 'a');
    await chunkOf({ batch: part, rows: [{ row: 11, data: '1' }] })(redis);
    await chunkOf()(redis);
    const { books, fates, failures, reasons, results } = part.keys;
    expect(calls[0]?.slice(9, 14)).toEqual([books, fates, failures, reasons, results]);
    for (const args of calls) expect(String(args[15])).toMatch(/^\{/);
  });

  it('writes opts in the words of BullMQ, so that a stock worker can follow them', async () => {
    expect(await optsOf('j-1')).toEqual({
      ...{ attempts: 7, jobId: 'j-1', backoff: { type: 'exponential', delay: 2_000, jitter: 0.5 } },
      bullpen: {},
    });
  });

  it('writes delay, priority and expiry only when there are some', async () => {
    const some = { ...options, delayMs: 10, priority: 2, expiresAt: 1_800_000_000_000 };
    expect(await optsOf('j-1', { options: some })).toMatchObject({
      ...{ delay: 10, priority: 2, bullpen: { expiresAt: 1_800_000_000_000 } },
    });
  });

  it('counts the expiry of the definition from when the job is due, and prefers an expiry of the call', async () => {
    const expiry = async (more: Partial<ChunkOptions>) =>
      (await optsOf('j-1', { job: expiring, options: { ...options, ...more } }))['bullpen'];
    expect(await expiry({})).toMatchObject({ expiresAt: NOW + 3_600_000 });
    expect(await expiry({ delayMs: 60_000 })).toMatchObject({ expiresAt: NOW + 3_660_000 });
    expect(await expiry({ dueAt: NOW + 60_000 })).toMatchObject({ expiresAt: NOW + 3_660_000 });
    expect(await expiry({ expiresInMs: 5, delayMs: 60_000 })).toMatchObject({ expiresAt: NOW + 60_005 });
    expect(await expiry({ expiresAt: NOW + 5 })).toMatchObject({ expiresAt: NOW + 5 });
  });

  it('makes the ids of a chunk from its keys, all with one mark that no other chunk has', async () => {
    const rows = [
      { key: 'a', data: '1' },
      { key: 'b', data: '2' },
      { key: 'a', data: '3' },
    ];
    const idsOf = async () =>
      String((await toldOf({ rows })).rows[0])
        .trimEnd()
        .split('\n');
    const [ids, others] = [await idsOf(), await idsOf()];
    const marks = [...ids, ...others].map((id) => id.split('-').at(-1));
    expect(ids.map((id, at) => id.replace(marks[at] as string, ''))).toEqual(
      rows.map(({ key }) => `k-${key}-${hashKey(job.name, key)}-`),
    );
    expect(new Set(marks).size).toBe(2);
    expect((await toldOf({ rows })).told['keyed']).toBe(true);
  });

  it('sends the hashes of the keys of a batch’s rows', async () => {
    const { rows } = await toldOf({ batch: part, rows: [{ key: 'a', row: 11, data: '1' }] });
    expect(rows[0]).toBe(`${hashKey(job.name, 'a')}\n`);
  });

  it('writes the same opts for all rows of a batch, with room for the rows of a shared job', async () => {
    const batch = { ...part, keyField: 'id', results: true };
    const rows = [11, 12, 14].map((row) => ({ row, data: '1' }));
    const ofBatch = { keyField: 'id', results: true, batch: 'b1' };
    expect((await optsOf('', { batch, rows }))['bullpen']).toEqual(ofBatch);
    expect((await optsOf(',"rows":[11,12]', { batch, rows }))['bullpen']).toEqual({ ...ofBatch, rows: [11, 12] });
    const { told, rows: behind } = await toldOf({ batch, rows });
    expect(behind).toEqual(['', '1\n1\n1\n']);
    expect(told['batch']).toEqual({
      ...{
        name: 'b1',
        rowsPerJob: 1,
        from: 10,
        to: 14,
        rejected: ['id: wrong', 2],
        isLast: false,
        rows: [11, 12, 14, 14],
      },
      ...{ fromChecksum: '17', toChecksum: '18' },
    });
    expect(told['keepKeys']).toBe(5_000);
  });

  it('accepts a key field that looks like its own placeholders', async () => {
    for (const keyField of ['\uE000', '}}', '\\', '"']) {
      const rows = [{ row: 11, data: '1' }];
      const opts = await optsOf('', { batch: { ...part, keyField }, rows });
      expect(opts).toMatchObject({ bullpen: { keyField, batch: 'b1' } });
    }
  });

  it('sends exactly the same when it is sent again, and tells the script that it was sent before', async () => {
    const { redis, calls } = redisAnswering('ok', 'a');
    const chunk = chunkOf();
    for (let time = 1; time <= 3; time += 1) await chunk(redis);
    const [first = []] = calls;
    expect(calls).toEqual([first, [...first, 'again'], [...first, 'again']]);
  });
});

describe('the reply of the script', () => {
  it.each([
    [
      ['ok', 'd', '', '14', '7', '5', '2'],
      { answers: ['duplicate'], counts: { read: 14, added: 7, duplicate: 5, rejected: 2 } },
    ],
    [['full', '7'], { kind: 'full', waiting: 7 }],
    [['mixed'], { kind: 'mixed' }],
    [['gone'], { kind: 'gone' }],
    [['cancelled'], { kind: 'cancelled' }],
    [['changed'], { kind: 'changed' }],
    [['ahead', '20', '99'], { kind: 'ahead', read: 20, checksum: '99' }],
    [['elsewhere', '5', '3'], { kind: 'elsewhere', read: 5, checksum: '3' }],
  ])('is read: %j', async (reply, inserted) => {
    expect(
      await chunkOf({ batch: part, rows: [{ row: 11, data: '1' }] })(redisAnswering(...reply).redis),
    ).toMatchObject(inserted);
  });

  it('says of each single job its own id, or the id that holds its key', async () => {
    const { redis, calls } = redisAnswering('ok', 'adad', 'k-x\nb-november-7');
    const rows = ['a', 'x', 'b', 'y'].map((key) => ({ key, data: '1' }));
    const inserted = await chunkOf({ rows })(redis);
    const ids = String(calls[0]?.[16]).split('\n');
    expect(inserted).toEqual({
      ...{ kind: 'ok', answers: ['added', 'duplicate', 'added', 'duplicate'], counts: undefined },
      jobs: [
        { status: 'added', id: ids[0] },
        { status: 'duplicate', id: 'k-x' },
        { status: 'added', id: ids[2] },
        { status: 'duplicate', id: 'b-november-7' },
      ],
    });
  });
});
