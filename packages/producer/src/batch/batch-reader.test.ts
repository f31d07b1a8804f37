import { defineJob, SourceInvalid } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { broken, good, goodRows, sourceOf } from '../../test/batch-redis.js';
import type { SourceRow } from '../source/source-row.js';
import { BatchReader, type BatchReaderOptions } from './batch-reader.js';
import { addRowToChecksum } from './row-checksum.js';

const job = defineJob({ name: 'reader.test', payload: z.object({ id: z.number() }) });

/** The checksum of rows, as the reader computes it. */
const checksumOf = (rows: readonly SourceRow[]): string =>
  String(rows.reduce((checksum, { text }) => addRowToChecksum(checksum, text), 0));

/** Rows that were rejected because they are broken. */
const rejectedAt = (...rows: number[]) => new Map(rows.map((row) => [row, 'not JSON']));

/** A reader of rows that notes which rows it handed on and which it rejected. */
function reading(rows: readonly SourceRow[], more: Partial<BatchReaderOptions> = {}) {
  const taken: number[] = [];
  const rejected: number[] = [];
  const reader = new BatchReader({
    ...{ name: 'b1', job, source: sourceOf(rows, 2), from: { read: 0, checksum: '0' } },
    onRejected: ({ row }) => void rejected.push(row),
    ...more,
  });
  const run = () =>
    reader.run(
      ({ row = 0 }) => void taken.push(row),
      () => undefined,
    );
  return { reader, run, taken, rejected };
}

describe('BatchReader', () => {
  it('hands on valid rows, tells of rejected ones, and returns true at the end of the source', async () => {
    const { reader, run, taken, rejected } = reading([good(1), broken(2), good(3), good(4, { id: 'x' })]);
    expect(await run()).toBe(true);
    expect([taken, rejected, reader.read]).toEqual([[1, 3], [2, 4], 4]);
  });

  it('takes the range since the last one: from, to, both checksums, and the rejected rows between', async () => {
    const rows = [good(1), broken(2), good(3), broken(4), good(5)];
    const { reader } = reading(rows);
    const ranges: unknown[] = [];
    await reader.run(
      ({ row }) => void (row === 3 && ranges.push(reader.takeRange())),
      () => undefined,
    );
    ranges.push(reader.takeRange(), reader.takeRange());
    const checksumAt = (row: number): string => checksumOf(rows.slice(0, row));
    const [three, five] = [checksumAt(3), checksumAt(5)];
    const [first, second] = [
      [1, 2, 3],
      [4, 5],
    ].map((of) => of.map((row) => Number(checksumAt(row))));
    expect(ranges).toEqual([
      {
        from: 0,
        to: 3,
        fromChecksum: '0',
        toChecksum: three,
        checksums: first,
        rejectedRows: rejectedAt(2),
        isLast: false,
      },
      {
        from: 3,
        to: 5,
        fromChecksum: three,
        toChecksum: five,
        checksums: second,
        rejectedRows: rejectedAt(4),
        isLast: true,
      },
      { from: 5, to: 5, fromChecksum: five, toChecksum: five, checksums: [], rejectedRows: rejectedAt(), isLast: true },
    ]);
    expect(reader.sinceRange).toBe(0);
  });

  it('skips the rows that were read before, and tells of the rejected ones among them only with repeatRejected', async () => {
    const rows = [good(1), broken(2), good(3), broken(4), good(5)];
    const from = { read: 3, checksum: checksumOf(rows.slice(0, 3)) };
    const { reader, run, taken, rejected } = reading(rows, { from });
    expect(await run()).toBe(true);
    expect([taken, rejected]).toEqual([[5], [4]]);
    expect(reader.takeRange()).toMatchObject({ from: 3, fromChecksum: from.checksum, rejectedRows: rejectedAt(4) });
    const again = reading(rows, { from, repeatRejected: true });
    await again.run();
    expect([again.taken, again.rejected]).toEqual([[5], [2, 4]]);
    expect(again.reader.takeRange().rejectedRows).toEqual(rejectedAt(4));
  });

  it('refuses a source whose beginning has changed, before it hands on a row', async () => {
    const from = { read: 2, checksum: checksumOf([good(1), good(2)]) };
    const { run, taken } = reading([good(1), good(2, { id: 7 }), good(3)], { from });
    await expect(run()).rejects.toThrow(SourceInvalid);
    expect(taken).toEqual([]);
  });

  it('refuses a source that is shorter than before', async () => {
    const from = { read: 5, checksum: '123' };
    const { run } = reading(goodRows(4), { from });
    await expect(run()).rejects.toThrow("the source is not the one that batch 'b1' was begun with");
  });

  it('refuses more rows than the books of a batch have room for', async () => {
    const { run } = reading([good(100_000_001)]);
    await expect(run()).rejects.toThrow('a batch has at most 100000000 rows; split the source');
  });

  it('waits for asynchronous schemas, and keeps the order', async () => {
    const slow = defineJob({ name: 'reader.slow', payload: z.object({ id: z.number().refine(async (n) => n !== 2) }) });
    const { run, taken, rejected } = reading(goodRows(4), { job: slow });
    expect(await run()).toBe(true);
    expect([taken, rejected]).toEqual([[1, 3, 4], [2]]);
  });

  it('does not read on while a callback for a row, a rejected row or a block waits', async () => {
    let waiting = 0;
    const turn = async (): Promise<void> => {
      waiting += 1;
      expect(waiting).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      waiting -= 1;
    };
    const { reader } = reading([good(1), broken(2), good(3), broken(4)], { onRejected: turn });
    expect(await reader.run(turn, turn)).toBe(true);
    expect(waiting).toBe(0);
  });

  it('returns false when the signal aborts, also when the source ends because of that', async () => {
    const stop = new AbortController();
    const { run, taken } = reading(goodRows(3), { signal: AbortSignal.abort() });
    expect(await run()).toBe(false);
    expect(taken).toEqual([]);
    function* closing(): Generator<SourceRow> {
      yield good(1);
      stop.abort();
    }
    const closed = reading([], { source: sourceOf(closing()), signal: stop.signal });
    expect(await closed.run()).toBe(false);
    expect(closed.reader.takeRange().isLast).toBe(false);
  });
});
