import { defineJob } from '@bullpen/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BatchRedis, broken, good, sourceOf } from '../../test/batch-redis.js';
import type { SourceRow } from '../source/source-row.js';
import type { BatchOptions } from './batch-options.js';
import { type BatchResult, BatchStopped } from './batch-result.js';
import { runBatch } from './run-batch.js';

const job = defineJob({ name: 'resume.test', payload: z.object({ id: z.coerce.string() }).loose() });

type Kind = 'good' | 'same' | 'broken' | 'wrong';
const rowOf = (kind: Kind, at: number): SourceRow => {
  if (kind === 'broken') return broken(at + 1);
  return good(at + 1, { good: { id: at }, same: { id: 'same' }, wrong: 5 }[kind]);
};

/** How a run ends before the source does. */
type End = { readonly at: number; readonly how: 'abort' | 'source fails' | 'rejects fail' };

/** Runs the batch once. Ends the run as `end` says. */
async function runOnce(redis: BatchRedis, kinds: readonly Kind[], end: End | undefined, perBlock: number) {
  const stop = new AbortController();
  function* rows(): Generator<SourceRow> {
    for (const [at, kind] of kinds.entries()) {
      if (end?.at === at && end.how === 'abort') stop.abort();
      if (end?.at === at && end.how === 'source fails') throw new Error('the source failed');
      yield rowOf(kind, at);
    }
  }
  const options: BatchOptions = {
    ...{ name: 'b1', source: sourceOf(rows(), perBlock), keyField: 'id', signal: stop.signal },
    onRejected: ({ row }) => {
      if (end?.how === 'rejects fail' && row > end.at) throw new Error('the disk is full');
    },
  };
  const access = {
    ...{ prefix: 'p', ask: redis.ask },
    insert: (...[, rows, , part]: Parameters<Parameters<typeof runBatch>[2]['insert']>) => redis.insert(rows, part),
  };
  return runBatch(job, options, access).catch((error: unknown) => {
    expect(error).toBeInstanceOf(BatchStopped);
    return (error as BatchStopped).totals as BatchResult;
  });
}

describe('a batch that is run until it is finished', () => {
  it('adds every valid row exactly once and counts every row, wherever its runs ended', async () => {
    const anyKinds = fc.array(fc.constantFrom<Kind>('good', 'same', 'broken', 'wrong'), { maxLength: 60 });
    const anyEnd = fc.record({
      at: fc.nat({ max: 60 }),
      how: fc.constantFrom<End['how']>('abort', 'source fails', 'rejects fail'),
    });
    const anyEnds = fc.array(anyEnd, { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(anyKinds, anyEnds, fc.integer({ min: 1, max: 9 }), async (kinds, ends, perBlock) => {
        const redis = new BatchRedis();
        let read = 0;
        for (const end of [...ends, undefined]) {
          const result = await runOnce(redis, kinds, end, perBlock);
          expect(result.added + result.duplicate + result.rejected).toBe(result.read);
          expect(result.read).toBeGreaterThanOrEqual(read);
          read = result.read;
        }
        const rows = kinds.map((kind, at) => ({ kind, row: at + 1 }));
        const valid = rows.filter(({ kind }) => kind === 'good' || kind === 'same');
        const isFirst = ({ kind, row }: (typeof rows)[0]) =>
          kind === 'good' || row === rows.find((other) => other.kind === 'same')?.row;
        expect(redis.stored.map(({ row }) => row)).toEqual(valid.filter(isFirst).map(({ row }) => row));
        expect(redis.books).toMatchObject({
          ...{ read: String(kinds.length), rejected: String(kinds.length - valid.length) },
        });
        const again = await runOnce(redis, kinds, undefined, perBlock);
        expect(again).toMatchObject({ wasFinished: true, interrupted: false, read: kinds.length });
      }),
    );
  });
});
