import {
  BatchConflict,
  defineJob,
  type JobDefinition,
  OptionsInvalid,
  RedisUnavailable,
  SourceInvalid,
} from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BatchRedis, broken, good, goodRows, silentAfter, sourceOf } from '../../test/batch-redis.js';
import { type BatchPart, CHUNK_JOBS, CHUNK_ROWS, type ChunkOptions } from '../enqueue/chunk.js';
import type { BatchTotals } from '../enqueue/insert-reply.js';
import type { InsertAccess } from '../enqueue/redis-access.js';
import type { SourceRow } from '../source/source-row.js';
import type { BatchOptions } from './batch-options.js';
import { BatchStopped } from './batch-result.js';
import type { RejectedRow } from './check-row.js';
import { runBatch } from './run-batch.js';

const job = defineJob({ name: 'batch.test', queue: 'rows', payload: z.object({ id: z.coerce.string() }).loose() });
const packed = defineJob({ name: 'batch.packed', queue: 'rows', payload: z.unknown(), rowsPerJob: 20 });
const began = { resumedAt: 0, wasFinished: false, interrupted: false };

/** Access to a Redis that holds one batch, and a record of what was sent. */
function accessTo(redis: BatchRedis, insert: typeof redis.insert = redis.insert) {
  const sent: { rows: number; options: ChunkOptions; part: BatchPart }[] = [];
  const access: InsertAccess = {
    prefix: 'p',
    ask: redis.ask,
    insert: (_, rows, options, part) => {
      sent.push({ rows: rows.length, options, part });
      return insert(rows, part);
    },
  };
  return { access, sent };
}

/** Runs a batch of `rows`. Returns its result, and the rows that were stored and rejected. */
async function run(
  rows: Iterable<SourceRow>,
  options: Partial<BatchOptions> = {},
  { redis = new BatchRedis(), definition = job as JobDefinition } = {},
) {
  const rejected: RejectedRow[] = [];
  const { access, sent } = accessTo(redis);
  const all = { name: 'b1', source: sourceOf(rows), onRejected: (row: RejectedRow) => void rejected.push(row) };
  const result = await runBatch(definition, { ...all, ...options }, access);
  return { result, stored: redis.stored, rejected, sent };
}

/** The BatchStopped that a batch throws. */
async function stopOf(batch: Promise<unknown>): Promise<BatchStopped> {
  const error = await batch.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BatchStopped);
  return error as BatchStopped;
}

const totals = (read: number, added: number, duplicate = 0, rejected = 0): BatchTotals => ({
  ...{ read, added, duplicate, rejected },
});

describe('runBatch', () => {
  it('enqueues every row under the name of the batch and the row’s number', async () => {
    const { result, stored, sent } = await run(goodRows(3));
    expect(result).toEqual({ name: 'b1', queue: job.queue, ...totals(3, 3), ...began });
    expect(stored[1]).toEqual({ row: 2, data: '{"id":2}' });
    expect(sent[0]?.part).toMatchObject({
      name: 'b1',
      keys: { books: 'p:rows:batch:b1' },
      from: 0,
      to: 3,
      isLast: true,
    });
  });

  it('accepts a source without rows', async () => {
    const { result } = await run([]);
    expect(result).toEqual({ name: 'b1', queue: job.queue, ...totals(0, 0), ...began });
  });

  it('hands on the options of the batch, and leaves the expiry to the moment each chunk is sent', async () => {
    const options = { delay: '5s', priority: 3, maxWaiting: 9, rowsPerJob: 7, results: true, keepKeys: '2s' } as const;
    const { sent } = await run(goodRows(1), { ...options, keyField: 'id' });
    expect(sent[0]).toMatchObject({
      options: { delayMs: 5_000, priority: 3, maxWaiting: 9, expiresAt: undefined },
      part: { rowsPerJob: 7, results: true, keepKeysMs: 7_000, keyField: 'id' },
    });
  });

  it('counts the lifetime of books and keys from when the rows are due', async () => {
    const redis = new BatchRedis();
    await run(goodRows(1), { delay: '10d', keep: '1d', keepKeys: '2d' }, { redis });
    const dayMs = 24 * 60 * 60 * 1000;
    expect(redis.books).toMatchObject({ keepMs: String(11 * dayMs), keepKeysMs: String(12 * dayMs) });
  });

  it('puts as many rows into a job as the definition says, and more rows into a chunk then', async () => {
    const { sent } = await run(goodRows(CHUNK_ROWS + 1), {}, { definition: packed });
    expect(sent.map(({ rows }) => rows)).toEqual([CHUNK_ROWS, 1]);
    expect(sent[0]?.part.rowsPerJob).toBe(20);
    const few = await run(goodRows(CHUNK_JOBS + 1), { rowsPerJob: 1 }, { definition: packed });
    expect(few.sent.map(({ rows }) => rows)).toEqual([CHUNK_JOBS, 1]);
  });

  it('rejects rows that do not parse or do not fit the schema, tells of each, and goes on', async () => {
    const { result, rejected } = await run([good(1), broken(2), good(3, 'text'), good(4)]);
    expect(result).toMatchObject(totals(4, 2, 0, 2));
    expect(rejected.map(({ row, input }) => [row, input])).toEqual([
      [2, '{'],
      [3, 'text'],
    ]);
  });

  it('adds a key once', async () => {
    const rows = [good(1, { id: 'a' }), good(2, { id: 17 }), good(3, { id: 'a' }), good(4, { id: '17' })];
    const { result, stored } = await run(rows, { keyField: 'id' });
    expect(result).toMatchObject(totals(4, 2, 2, 0));
    expect(stored.map(({ row }) => row)).toEqual([1, 2]);
  });

  it('calls onProgress after each chunk', async () => {
    const told: BatchTotals[] = [];
    await run(goodRows(CHUNK_JOBS + 1), { onProgress: (now) => told.push(now) });
    expect(told).toEqual([totals(CHUNK_JOBS, CHUNK_JOBS), totals(CHUNK_JOBS + 1, CHUNK_JOBS + 1)]);
  });

  it('tells onProgress how many rows had been read before', async () => {
    const redis = new BatchRedis();
    const stop = new AbortController();
    function* halted(): Generator<SourceRow> {
      yield* goodRows(2);
      stop.abort();
    }
    await run(halted(), { signal: stop.signal }, { redis });
    const told: [BatchTotals, number][] = [];
    await run(goodRows(3), { onProgress: (...now) => told.push(now) }, { redis });
    expect(told).toEqual([[totals(3, 3), 2]]);
  });

  it('tells Redis of 10,000 rejected rows without waiting for a valid one', async () => {
    const { result, sent } = await run(Array.from({ length: 10_001 }, (_, at) => broken(at + 1)));
    expect(result).toMatchObject(totals(10_001, 0, 0, 10_001));
    expect(sent.map(({ rows, part }) => [rows, part.to, [...part.rejected]])).toEqual([
      [0, 10_000, [['not JSON', 10_000]]],
      [0, 10_001, [['not JSON', 1]]],
    ]);
  });

  it('notes the columns of its source as soon as they are known', async () => {
    const redis = new BatchRedis();
    const source = { ...sourceOf(goodRows(3)), columns: () => ['id', 'email'] };
    await run([], { source }, { redis });
    expect(redis.books?.['columns']).toBe('["id","email"]');
  });

  it('does not read on while onRejected waits', async () => {
    let isWritten = false;
    const { result } = await run([broken(1), broken(2)], {
      async onRejected({ row }) {
        if (row === 2) expect(isWritten).toBe(true);
        await new Promise((resolve) => setImmediate(resolve));
        isWritten = true;
      },
    });
    expect(result.rejected).toBe(2);
  });

  it.each(['', 'a:b'])('refuses the batch name %j before it asks Redis', async (batch) => {
    const redis = new BatchRedis();
    await expect(run(goodRows(1), { name: batch }, { redis })).rejects.toThrow(OptionsInvalid);
    expect(redis.begun).toBe(0);
  });
});

describe('a batch that was begun before', () => {
  it('goes on after the last row that was read, and does not tell of earlier rejected rows', async () => {
    const redis = new BatchRedis();
    function* failing(): Generator<SourceRow> {
      yield* [broken(1), good(2)];
      throw new Error('the disk is gone');
    }
    await stopOf(run(failing(), {}, { redis }));
    const all = [broken(1), good(2), good(3), broken(4)];
    const { result, rejected } = await run(all, {}, { redis });
    expect(result).toEqual({ ...{ name: 'b1', queue: job.queue, ...began, resumedAt: 2 }, ...totals(4, 2, 0, 2) });
    expect(redis.stored.map(({ row }) => row)).toEqual([2, 3]);
    expect(rejected.map(({ row }) => row)).toEqual([4]);
  });

  it('adds nothing when its source had been read to the end, and does not read a file again', async () => {
    const redis = new BatchRedis();
    const identity = { bytes: 5, sha256: 'abc' };
    await run([], { source: { ...sourceOf(goodRows(3)), identity } }, { redis });
    function* unread(): Generator<SourceRow> {
      yield* [];
      throw new Error('nobody asked for it');
    }
    const { result } = await run([], { source: { ...sourceOf(unread()), identity } }, { redis });
    expect(result).toEqual({
      name: 'b1',
      queue: job.queue,
      ...totals(3, 3),
      resumedAt: 3,
      wasFinished: true,
      interrupted: false,
    });
    expect(redis.calls).toBe(1);
  });

  it('tells of its rejected rows again with repeatRejected, also when its source had been read to the end', async () => {
    const redis = new BatchRedis();
    const rows = [good(1), broken(2), good(3), broken(4)];
    await run(rows, {}, { redis });
    const again = await run(rows, { repeatRejected: true }, { redis });
    expect(again.result).toMatchObject({ ...totals(4, 2, 0, 2), wasFinished: true, interrupted: false });
    expect(again.rejected.map(({ row }) => row)).toEqual([2, 4]);
    for (const other of [rows.slice(0, 3), [...rows, good(5)], [...rows, broken(5)], [broken(1), ...rows.slice(1)]]) {
      const { cause } = await stopOf(run(other, { repeatRejected: true }, { redis }));
      expect(cause).toMatchObject({ code: 'BULLPEN_SOURCE_INVALID' });
    }
    const signal = AbortSignal.abort();
    expect((await run(rows, { repeatRejected: true, signal }, { redis })).result.interrupted).toBe(true);
    expect(redis.calls).toBe(1);
  });

  it('reads a pipe again after its end, and refuses other rows, fewer rows or more rows', async () => {
    const redis = new BatchRedis();
    await run(goodRows(3), {}, { redis });
    const { result } = await run(goodRows(3), {}, { redis });
    expect(result).toEqual({
      name: 'b1',
      queue: job.queue,
      ...totals(3, 3),
      resumedAt: 3,
      wasFinished: true,
      interrupted: false,
    });
    const others = [
      goodRows(2),
      [good(1), good(2), good(3, { id: 'x' })],
      [],
      goodRows(4),
      [...goodRows(3), broken(4)],
    ];
    for (const rows of others) {
      await expect(run(rows, {}, { redis })).rejects.toThrow(
        /the source is not the one that batch 'b1' was begun with/,
      );
    }
    expect(redis.calls).toBe(1);
  });

  it('reads a file again with repeatRejected, to tell of all rejected rows', async () => {
    const redis = new BatchRedis();
    const source = () => ({ ...sourceOf([good(1), broken(2), good(3)]), identity: { bytes: 5, sha256: 'abc' } });
    await run([], { source: source() }, { redis });
    expect((await run([], { source: source() }, { redis })).rejected).toEqual([]);
    const { result, rejected } = await run([], { source: source(), repeatRejected: true }, { redis });
    expect(result).toMatchObject({ ...totals(3, 2, 0, 1), wasFinished: true });
    expect(rejected.map(({ row }) => row)).toEqual([2]);
  });

  it('can be interrupted while it reads a finished pipe again', async () => {
    const redis = new BatchRedis();
    await run(goodRows(3), {}, { redis });
    const stop = new AbortController();
    function* closed(): Generator<SourceRow> {
      yield* goodRows(1);
      stop.abort();
      throw new Error('Premature close');
    }
    const { result } = await run(closed(), { signal: stop.signal }, { redis });
    expect(result).toMatchObject({ ...totals(3, 3), wasFinished: true, interrupted: true });
  });

  it.each<[string, Partial<BatchOptions>, RegExp]>([
    ['another key field', { keyField: 'email' }, /keyField was not given, is email/],
    ['another delay', { delay: 5 }, /: delay was not given, is 5ms\./],
    ['another priority', { priority: 2 }, /priority was not given, is 2/],
    ['results to keep', { results: true }, /results was not given, is given/],
    ['other rows per job', { rowsPerJob: 7 }, /rowsPerJob was 1, is 7/],
  ])('is refused with %s, and enqueues nothing', async (_, options, says) => {
    const redis = new BatchRedis();
    await run([good(1, { id: 1, email: 'a' })], {}, { redis });
    const other = run([good(1, { id: 1, email: 'a' })], options, { redis });
    await expect(other).rejects.toThrow(BatchConflict);
    await expect(other).rejects.toThrow(says);
    expect(redis.calls).toBe(1);
  });

  it('is refused for another job, and is found again when its rows per job differ from the definition', async () => {
    const redis = new BatchRedis();
    await run(goodRows(1), {}, { redis });
    await expect(run(goodRows(1), {}, { redis, definition: packed })).rejects.toThrow(
      "batch 'b1' exists with other options: job was batch.test, is batch.packed. Give it another name.",
    );
    const own = new BatchRedis();
    await run(goodRows(1), { rowsPerJob: 5 }, { redis: own, definition: packed });
    expect((await run(goodRows(1), {}, { redis: own, definition: packed })).result.wasFinished).toBe(true);
  });

  it('is refused when its source has another format, another size, another checksum or other rows', async () => {
    const redis = new BatchRedis();
    const identity = { bytes: 5, sha256: 'abc' };
    await run([], { source: { ...sourceOf(goodRows(1)), identity } }, { redis });
    for (const more of [{ format: 'csv' as const }, { identity: { ...identity, bytes: 6 } }, { identity: undefined }]) {
      const other = run([], { source: { ...sourceOf(goodRows(1)), identity, ...more } }, { redis });
      await expect(other).rejects.toThrow(/the source is not the one that batch 'b1' was begun with/);
    }
    const begun = new BatchRedis();
    function* failing(): Generator<SourceRow> {
      yield* goodRows(2);
      throw new Error('the disk is gone');
    }
    await stopOf(run(failing(), {}, { redis: begun }));
    const stopped = await stopOf(run([good(1), good(2, { id: 'x' })], {}, { redis: begun }));
    expect(stopped.cause).toMatchObject({ code: 'BULLPEN_SOURCE_INVALID' });
  });

  it('is forgotten when its source is unusable from the beginning, so that the mended source can have the name', async () => {
    const redis = new BatchRedis();
    function* headless(before: SourceRow[]): Generator<SourceRow> {
      yield* before;
      throw new SourceInvalid('the CSV header names id twice');
    }
    const withIdentity = (rows: Iterable<SourceRow>, sha256: string) => ({
      source: { ...sourceOf(rows), identity: { bytes: 5, sha256 } },
    });
    await stopOf(run([], withIdentity(headless([]), 'a'), { redis }));
    const { result } = await run([], withIdentity(goodRows(2), 'b'), { redis });
    expect(result).toMatchObject(totals(2, 2));
    const begun = new BatchRedis();
    await stopOf(run([], withIdentity(headless(goodRows(1)), 'a'), { redis: begun }));
    await expect(run([], withIdentity(goodRows(2), 'b'), { redis: begun })).rejects.toThrow(
      /is not the one that batch/,
    );
  });

  it('is refused after it was cancelled', async () => {
    const redis = new BatchRedis();
    await run(goodRows(1), {}, { redis });
    Object.assign(redis.books as object, { cancelledAt: '5' });
    await expect(run(goodRows(1), {}, { redis })).rejects.toThrow(/batch 'b1' was cancelled/);
  });
});

describe('a batch that is interrupted', () => {
  it('sends the rows that it has read, and returns interrupted', async () => {
    const stop = new AbortController();
    function* rows(): Generator<SourceRow> {
      yield* goodRows(2);
      stop.abort();
      yield good(3);
      throw new Error('nobody asked for more');
    }
    const { result, stored } = await run(rows(), { signal: stop.signal });
    expect(result).toEqual({ name: 'b1', queue: job.queue, ...totals(2, 2), ...began, interrupted: true });
    expect(stored).toHaveLength(2);
  });

  it('ends at once, also while its source gives no rows', async () => {
    const stop = new AbortController();
    const { access } = accessTo(new BatchRedis());
    const onProgress = (): void => stop.abort();
    const source = silentAfter(goodRows(CHUNK_JOBS + 5));
    const result = await runBatch(job, { name: 'b1', source, signal: stop.signal, onProgress }, access);
    expect(result).toMatchObject({ ...totals(CHUNK_JOBS + 5, CHUNK_JOBS + 5), interrupted: true });
  });

  it('takes the error of a source that the signal closed as an interruption', async () => {
    const stop = new AbortController();
    function* rows(): Generator<SourceRow> {
      yield good(1);
      stop.abort();
      throw new Error('Premature close');
    }
    const { result } = await run(rows(), { signal: stop.signal });
    expect(result).toMatchObject({ ...totals(1, 1), interrupted: true });
  });

  it('is not interrupted by a signal that comes after every row was read', async () => {
    const stop = new AbortController();
    const { result } = await run(goodRows(5), { signal: stop.signal, onProgress: () => stop.abort() });
    expect(result).toMatchObject({ ...totals(5, 5), interrupted: false });
  });

  it('ends its wait for room when the signal aborts, and counts what was added', async () => {
    const stop = new AbortController();
    const redis = new BatchRedis();
    const { access } = accessTo(redis, async (rows, move) => {
      if (move.from === 0) return redis.insert(rows, move);
      stop.abort();
      return { kind: 'full', waiting: 1 };
    });
    const options = { name: 'b1', source: sourceOf(goodRows(CHUNK_JOBS + 1)), signal: stop.signal, maxWaiting: 5 };
    expect(await runBatch(job, options, access)).toMatchObject({
      ...totals(CHUNK_JOBS, CHUNK_JOBS),
      interrupted: true,
    });
  });
});

describe('a batch that is refused', () => {
  it('says which batch, whether its options or its source are others than before', async () => {
    const redis = new BatchRedis();
    await run(goodRows(2), {}, { redis });
    const batch = { name: 'b1', queue: 'rows' };
    const refused = (options: Partial<BatchOptions>) => run(goodRows(2), options, { redis });
    await expect(refused({ delay: '1h' })).rejects.toMatchObject({ code: 'BULLPEN_BATCH_CONFLICT', batch });
    const other = { ...sourceOf(goodRows(2)), format: 'csv' as const };
    await expect(refused({ source: other })).rejects.toMatchObject({ code: 'BULLPEN_SOURCE_INVALID', batch });
  });
});

describe('a batch that stops', () => {
  it('has enqueued and counted the rows before the failure of its source', async () => {
    function* rows(): Generator<SourceRow> {
      yield* [good(1), broken(2), good(3)];
      throw new Error('the disk is gone');
    }
    const redis = new BatchRedis();
    const stopped = await stopOf(run(rows(), {}, { redis }));
    expect(stopped).toMatchObject({ message: 'the disk is gone', cause: { message: 'the disk is gone' } });
    expect(stopped.totals).toEqual(totals(3, 2, 0, 1));
    expect(redis.stored).toHaveLength(2);
  });

  it('gives the error of Redis as the cause, and counts what was added', async () => {
    const outage = new RedisUnavailable('Redis is away', { unanswered: true });
    const { access } = accessTo(new BatchRedis(), () => Promise.reject(outage));
    const stopped = await stopOf(runBatch(job, { name: 'b1', source: sourceOf(goodRows(5)) }, access));
    expect(stopped.cause).toBe(outage);
    expect(stopped.totals).toEqual(totals(0, 0));
  });

  it('says which batch, in an error with a code of its own', async () => {
    const { access } = accessTo(new BatchRedis(), () => Promise.reject(new Error('away')));
    const stopped = await stopOf(runBatch(job, { name: 'b1', source: sourceOf(goodRows(5)) }, access));
    expect(stopped).toMatchObject({
      ...{ name: 'BatchStopped', code: 'BULLPEN_BATCH_STOPPED', batch: { name: 'b1', queue: 'rows' } },
    });
  });

  it.each([
    ['more rows to come', 3 * CHUNK_JOBS],
    ['the source at its end', 2 * CHUNK_JOBS],
  ])('waits for the other chunk and counts it before it throws, when one chunk fails with %s', async (_, rows) => {
    const redis = new BatchRedis();
    let isFirstThrough = false;
    const turns = async (count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    const { access, sent } = accessTo(redis, async (chunk, move) => {
      // The source is read by then.
      await turns(move.from > 0 ? 20 : 40);
      if (move.from > 0) throw new Error('redis is away');
      isFirstThrough = true;
      return redis.insert(chunk, move);
    });
    const source = sourceOf(goodRows(rows));
    const stopped = await stopOf(runBatch(job, { name: 'b1', source }, access));
    expect([sent.length, isFirstThrough]).toEqual([2, true]);
    expect(stopped.totals.added).toBe(CHUNK_JOBS);
  });

  it('stops at once when a chunk fails, also while its source gives no rows', async () => {
    const outage = new RedisUnavailable('Redis is away', { unanswered: true });
    const { access } = accessTo(new BatchRedis(), () => Promise.reject(outage));
    const stopped = await stopOf(runBatch(job, { name: 'b1', source: silentAfter(goodRows(CHUNK_JOBS + 5)) }, access));
    expect(stopped.cause).toBe(outage);
  });

  it('stops when onRejected or onProgress fails', async () => {
    const full = { onRejected: () => Promise.reject(new Error('the disk is full')) };
    const stopped = await stopOf(run([good(1), broken(2), good(3)], full));
    expect([stopped.message, stopped.totals]).toEqual(['the disk is full', totals(2, 1, 0, 1)]);
    const onProgress = () => {
      throw new Error('the terminal is gone');
    };
    expect((await stopOf(run(goodRows(2), { onProgress }))).message).toBe('the terminal is gone');
  });
});
