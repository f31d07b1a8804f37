import { defineJob, OptionsInvalid } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { broken, good, goodRows, sourceOf } from '../../test/batch-redis.js';
import type { SourceRow } from '../source/source-row.js';
import type { BatchStopped } from './batch-result.js';
import { runDryBatch } from './dry-run.js';

const job = defineJob({ name: 'dry.test', payload: z.object({ id: z.number() }) });
const none = { added: 0, duplicate: 0, resumedAt: 0, wasFinished: false };

describe('runDryBatch', () => {
  it('counts the rows that it read and rejected, and adds nothing', async () => {
    const source = sourceOf([good(1), broken(2), good(3, { id: 'x' })]);
    const rejected: number[] = [];
    const onRejected = ({ row }: { row: number }): void => void rejected.push(row);
    expect(await runDryBatch(job, { name: 'b1', source, onRejected })).toEqual({
      ...{ ...none, name: 'b1', queue: job.queue, read: 3, rejected: 2, interrupted: false },
    });
    expect(rejected).toEqual([2, 3]);
  });

  it('calls onProgress after each block', async () => {
    const told: number[] = [];
    const onProgress = ({ read }: { read: number }): void => void told.push(read);
    await runDryBatch(job, { name: 'b1', source: sourceOf(goodRows(5), 2), onProgress });
    expect(told).toEqual([2, 4, 5]);
  });

  it('checks the options like a real run', async () => {
    await expect(runDryBatch(job, { name: 'a:b', source: sourceOf([]) })).rejects.toThrow(OptionsInvalid);
  });

  it('stops when the signal aborts, and when the source fails', async () => {
    const stop = new AbortController();
    function* rows(fails: boolean): Generator<SourceRow> {
      yield good(1);
      if (fails) throw new Error('the disk is gone');
      stop.abort();
      yield good(2);
    }
    const failed = runDryBatch(job, { name: 'b1', source: sourceOf(rows(true)) });
    await expect(failed).rejects.toMatchObject({ message: 'the disk is gone', totals: { read: 1 } } as BatchStopped);
    const stopped = await runDryBatch(job, { name: 'b1', source: sourceOf(rows(false)), signal: stop.signal });
    expect(stopped).toMatchObject({ read: 1, interrupted: true });
  });
});
