import { defineJob, idForKey, type JobDefinition, OptionsInvalid, RedisUnavailable } from '@bullpen/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Added, CHUNK_ROWS, type JobRow } from '../insert.js';
import { type BatchCounts, type BatchOptions, BatchStopped, type RejectedRow, runBatch } from './batch.js';
import type { SourceRow } from './source-row.js';

const job = defineJob({ name: 'batch.test', payload: z.object({ id: z.coerce.string() }).loose() });
const expiring = defineJob({ name: 'batch.expiring', payload: z.unknown(), expiresIn: '1h' });
const slow = defineJob({ name: 'batch.slow', payload: z.looseObject({ id: z.number().refine(async (id) => id < 3) }) });

const good = (row: number, value: unknown = { id: row }): SourceRow => ({
  ...{ row, line: row + 1, text: `row ${row}`, ok: true, value },
});
const broken = (row: number): SourceRow => ({ row, line: row + 1, ok: false, reason: 'not JSON', text: '{' });
const goodRows = (count: number): SourceRow[] => Array.from({ length: count }, (_, at) => good(at + 1));

/** Each row in a block of its own. */
async function* rowsOf(rows: Iterable<SourceRow>): AsyncGenerator<readonly SourceRow[]> {
  for (const row of rows) yield [row];
}

/** An insert that adds every row it has not seen, as Redis would; remembers the rows it was given. */
function insertingInto(stored: JobRow[], known = new Set<string>()) {
  return async (rows: readonly JobRow[]): Promise<Added[]> =>
    rows.map((row) => {
      if (known.has(row.id)) return 'duplicate';
      known.add(row.id);
      stored.push(row);
      return 'added';
    });
}

/** Runs a batch of `rows`; what it gives back is its result, the rows stored and the rows rejected. */
async function run(rows: Iterable<SourceRow>, options: Partial<BatchOptions> = {}, definition: JobDefinition = job) {
  const stored: JobRow[] = [];
  const rejected: RejectedRow[] = [];
  const all = {
    batch: 'b1',
    rows: rowsOf(rows),
    onRejected: (row: RejectedRow) => void rejected.push(row),
    ...options,
  };
  const result = await runBatch(definition, all, insertingInto(stored));
  return { result, stored, rejected };
}

/** The BatchStopped that a batch ends with. */
async function stopOf(batch: Promise<unknown>): Promise<BatchStopped> {
  const error = await batch.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BatchStopped);
  return error as BatchStopped;
}

describe('runBatch', () => {
  it('enqueues every row under the name of the batch and the row’s number', async () => {
    const { result, stored } = await run(goodRows(3));
    expect(result).toEqual({ batch: 'b1', read: 3, added: 3, duplicate: 0, rejected: 0, interrupted: false });
    expect(stored[1]).toEqual({
      ...{ id: 'b-b1-2', data: '{"id":2}', delayMs: 0, priority: 0, bullpen: { batch: 'b1', row: 2 } },
    });
  });

  it('is well with a source that has no rows', async () => {
    const { result } = await run([]);
    expect(result).toEqual({ batch: 'b1', read: 0, added: 0, duplicate: 0, rejected: 0, interrupted: false });
  });

  it('rejects rows that do not parse or do not fit, with place, faults and input, and goes on', async () => {
    const { result, rejected } = await run([good(1), broken(2), good(3, 'text'), good(4)]);
    expect(result).toMatchObject({ read: 4, added: 2, rejected: 2 });
    expect(rejected).toEqual([
      { row: 2, line: 3, faults: [{ path: '', reason: 'not JSON' }], input: '{' },
      { row: 3, line: 4, faults: [{ path: '', reason: expect.stringContaining('object') }], input: 'text' },
    ]);
  });

  it('stores the row’s own text when it had one', async () => {
    const row: SourceRow = {
      ...{ row: 1, line: 1, text: '{ "id": 1.0 }', ok: true, value: { id: 1 }, json: '{ "id": 1.0 }' },
    };
    const { stored } = await run([row]);
    expect(stored[0]?.data).toBe('{ "id": 1.0 }');
  });

  it('checks what the worker will see when a row had no text: a Date is text by then', async () => {
    const dated = defineJob({ name: 'batch.dated', payload: z.object({ at: z.date() }) });
    const { result, rejected } = await run([good(1, { at: new Date(0) })], {}, dated);
    expect(result).toMatchObject({ added: 0, rejected: 1 });
    expect(rejected[0]?.faults[0]?.path).toBe('at');
  });

  it('rejects a row that JSON cannot write, and goes on', async () => {
    const cycle: { id: number; self?: unknown } = { id: 1 };
    cycle.self = cycle;
    const noValue: SourceRow = { row: 3, line: 4, text: '', ok: true, value: undefined };
    const { result } = await run([good(1, { id: 5n }), good(2, cycle), noValue, good(4)]);
    expect(result).toMatchObject({ read: 4, added: 1, rejected: 3 });
  });

  it('takes each row’s key from the field named, text or number, and adds the same key once', async () => {
    const rows = [good(1, { id: 'a' }), good(2, { id: 17 }), good(3, { id: 'a' }), good(4, { id: '17' })];
    const { result, stored } = await run(rows, { keyField: 'id' });
    expect(result).toMatchObject({ read: 4, added: 2, duplicate: 2, rejected: 0 });
    expect(stored.map(({ id }) => id)).toEqual([idForKey('batch.test', 'a'), idForKey('batch.test', '17')]);
    expect(stored[0]?.bullpen).toEqual({ batch: 'b1', row: 1 });
  });

  it.each([
    ['is absent', {}, 'the key field is absent'],
    ['is empty', { key: '' }, 'expected 1 to 1000 characters, got 0'],
    ['is too long', { key: 'x'.repeat(1_001) }, 'expected 1 to 1000 characters, got 1001'],
    ['is null', { key: null }, 'expected text, got object'],
    ['is an object', { key: { id: 1 } }, 'expected text, got object'],
    ['is true', { key: true }, 'expected text, got boolean'],
    ['is a number that JSON cannot hold exactly', { key: 2 ** 60 }, 'too large to be exact; write it as text'],
  ])('rejects a row whose key %s', async (_, fields, reason) => {
    const { result, rejected } = await run([good(1, { id: 1, ...fields })], { keyField: 'key' });
    expect(result).toMatchObject({ read: 1, added: 0, rejected: 1 });
    expect(rejected[0]?.faults).toEqual([{ path: 'key', reason }]);
  });

  it('rejects every row that is no object when a key is asked for', async () => {
    const anything = defineJob({ name: 'batch.any', payload: z.unknown() });
    const { result } = await run([good(1, null), good(2, 5), good(3, 'x'), good(4, [])], { keyField: 'id' }, anything);
    expect(result).toMatchObject({ read: 4, rejected: 4 });
  });

  it('names the faults of payload and key together', async () => {
    const { rejected } = await run([good(1, 'text')], { keyField: 'id' });
    expect(rejected[0]?.faults).toHaveLength(2);
  });

  it('gives each row the expiry of the definition, from the moment it is enqueued', async () => {
    const before = Date.now();
    const { stored } = await run([good(1)], {}, expiring);
    const { expiresAt = 0 } = stored[0]?.bullpen ?? {};
    expect(expiresAt).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + 3_600_000);
  });

  it('waits for schemas that are not synchronous', async () => {
    const { result } = await run(goodRows(4), {}, slow);
    expect(result).toMatchObject({ read: 4, added: 2, rejected: 2 });
  });

  it('never inserts in a dry run, and counts what it read and rejected', async () => {
    const result = await runBatch(job, { batch: 'b1', rows: rowsOf([good(1), broken(2)]), dryRun: true }, () => {
      throw new Error('a dry run enqueues nothing');
    });
    expect(result).toEqual({ batch: 'b1', read: 2, added: 0, duplicate: 0, rejected: 1, interrupted: false });
  });

  it('tells the counts after each chunk, and each thousand rows of a dry run', async () => {
    const told: BatchCounts[] = [];
    const onProgress = (counts: BatchCounts): void => void told.push(counts);
    await run(goodRows(CHUNK_ROWS + 1), { onProgress });
    expect(told.map(({ added }) => added)).toEqual([CHUNK_ROWS, CHUNK_ROWS + 1]);
    told.length = 0;
    await run(goodRows(2_500), { onProgress, dryRun: true });
    expect(told.map(({ read }) => read)).toEqual([1_000, 2_000]);
  });

  it('does not read on while a rejected row is being written down', async () => {
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

  it('stops at a signal, sends what it has read, and says that it was interrupted', async () => {
    const stop = new AbortController();
    function* rows(): Generator<SourceRow> {
      yield good(1);
      yield good(2);
      stop.abort();
      yield good(3);
      throw new Error('nobody asked for more');
    }
    const { result, stored } = await run(rows(), { signal: stop.signal });
    expect(result).toEqual({ batch: 'b1', read: 2, added: 2, duplicate: 0, rejected: 0, interrupted: true });
    expect(stored).toHaveLength(2);
  });

  it('takes the complaint of a source that was closed by the signal for the interruption it is', async () => {
    const stop = new AbortController();
    function* rows(): Generator<SourceRow> {
      yield good(1);
      stop.abort();
      throw new Error('Premature close');
    }
    const { result } = await run(rows(), { signal: stop.signal });
    expect(result).toMatchObject({ read: 1, added: 1, interrupted: true });
  });

  it('was not interrupted by a signal that comes when every row has been read', async () => {
    const stop = new AbortController();
    const { result } = await run(goodRows(5), { signal: stop.signal, onProgress: () => stop.abort() });
    expect(result).toMatchObject({ read: 5, added: 5, interrupted: false });
  });

  it('stops when the source fails, with the rows before it enqueued and counted', async () => {
    function* rows(): Generator<SourceRow> {
      yield good(1);
      yield broken(2);
      yield good(3);
      throw new Error('the disk is gone');
    }
    const stored: JobRow[] = [];
    const stopped = await stopOf(runBatch(job, { batch: 'b1', rows: rowsOf(rows()) }, insertingInto(stored)));
    expect(stopped.message).toBe('the disk is gone');
    expect(stopped.cause).toMatchObject({ message: 'the disk is gone' });
    expect(stopped.counts).toEqual({ read: 3, added: 2, duplicate: 0, rejected: 1 });
    expect(stored).toHaveLength(2);
  });

  it('stops when Redis fails, with its error as the cause', async () => {
    const outage = new RedisUnavailable('Redis is away', { unanswered: true });
    const stopped = await stopOf(
      runBatch(job, { batch: 'b1', rows: rowsOf(goodRows(5)) }, () => Promise.reject(outage)),
    );
    expect(stopped.cause).toBe(outage);
    expect(stopped.counts).toEqual({ read: 5, added: 0, duplicate: 0, rejected: 0 });
  });

  it('counts what the other chunk under way came to when one fails, before it says so', async () => {
    let calls = 0;
    const insert = async (rows: readonly JobRow[]): Promise<Added[]> => {
      calls += 1;
      if (calls === 1) {
        while (calls < 2) await new Promise((resolve) => setImmediate(resolve));
        throw new Error('redis is away');
      }
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      return rows.map(() => 'added');
    };
    const stopped = await stopOf(runBatch(job, { batch: 'b1', rows: rowsOf(goodRows(3 * CHUNK_ROWS)) }, insert));
    expect(calls).toBe(2);
    expect(stopped.counts.added).toBe(CHUNK_ROWS);
  });

  it('stops when a rejected row cannot be written down, and when progress cannot be told', async () => {
    const full = { onRejected: () => Promise.reject(new Error('the disk is full')) };
    const written = await stopOf(run([good(1), broken(2), good(3)], full));
    expect([written.message, written.counts]).toEqual([
      ...['the disk is full', { read: 2, added: 1, duplicate: 0, rejected: 1 }],
    ]);
    const onProgress = () => {
      throw new Error('the terminal is gone');
    };
    expect((await stopOf(run(goodRows(2), { onProgress }))).message).toBe('the terminal is gone');
  });

  it.each(['', 'a:b', 'a b', 'é', 'x'.repeat(101), '../x'])(
    'refuses to name a batch %j: the name goes into ids',
    async (batch) => {
      await expect(run(goodRows(1), { batch })).rejects.toThrow(OptionsInvalid);
      await expect(run(goodRows(1), { batch })).rejects.toThrow(/batch: expected 1 to 100 letters/);
    },
  );

  it('accounts for every row, whatever comes and wherever it ends', async () => {
    const anyRows = fc.array(fc.constantFrom('good', 'same', 'broken', 'wrong', 'fail'), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(anyRows, fc.option(fc.nat({ max: 60 })), fc.boolean(), async (kinds, abortAt, isDry) => {
        const stop = new AbortController();
        function* rows(): Generator<SourceRow> {
          for (const [at, kind] of kinds.entries()) {
            if (at === abortAt) stop.abort();
            if (kind === 'fail') throw new Error('the source failed');
            const value = { good: { id: at }, same: { id: 'same' }, wrong: 5 }[kind as 'good' | 'same' | 'wrong'];
            yield kind === 'broken' ? broken(at + 1) : good(at + 1, value);
          }
        }
        const stored: JobRow[] = [];
        const rejected: RejectedRow[] = [];
        const options: BatchOptions = {
          ...{ batch: 'b1', rows: rowsOf(rows()), keyField: 'id', dryRun: isDry, signal: stop.signal },
          onRejected: (row) => void rejected.push(row),
        };
        const counts: BatchCounts = await runBatch(job, options, insertingInto(stored)).catch(
          (error: unknown) => (error as BatchStopped).counts,
        );
        const { read, added, duplicate } = counts;
        expect(counts.rejected).toBe(rejected.length);
        expect(added).toBe(stored.length);
        if (isDry) expect(added + duplicate).toBe(0);
        else expect(added + duplicate + counts.rejected).toBe(read);
        const end = [kinds.indexOf('fail'), abortAt ?? -1].filter((at) => at >= 0);
        expect(read).toBe(Math.min(kinds.length, ...end));
      }),
    );
  });
});
