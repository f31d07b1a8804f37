import { describe, expect, it } from 'vitest';
import { leaseFor } from '../../test/fetched-job.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { RowJobs, type SharedJob, type SplitRow } from './row-jobs.js';

const shared: SharedJob = { queue: 'mail', jobId: 'b-b1-1_9', batch: 'b1', lease: leaseFor() };
const split: SplitRow = {
  ...{ row: 7, data: '{"id":7}', opts: '{}', dueAt: 1_700_000_000_000 },
  ...{ attemptsMade: 1, crashes: 0, suspectMs: 2_000, failure: 'Error: boom' },
};
const options = { name: 'mail.send', timestamp: 5, priority: 3, crashes: undefined };

/**
 * Row jobs over a connection that remembers each command. It answers with `reply`, or fails with
 * it.
 */
function rowJobsOver(reply: unknown = 1) {
  const commands: unknown[][] = [];
  const command =
    (name: string) =>
    async (...args: unknown[]) => {
      commands.push([name, ...args]);
      if (reply instanceof Error) throw reply;
      return reply;
    };
  const redis = {
    ...{ bullpenSplitRows: command('split'), bullpenOpenRows: command('open') },
  };
  return { rowJobs: new RowJobs(redis as unknown as ScriptedRedis, 'p'), commands };
}

describe('RowJobs', () => {
  it('give rows jobs of their own, with their common and their own fields', async () => {
    const { rowJobs, commands } = rowJobsOver();
    await rowJobs.splitRows(shared, [split], { ...options, crashes: 0 });
    expect(commands).toEqual([
      [
        ...['split', 'p:mail:b-b1-1_9:lock', 'p:mail:b-b1-1_9', 'p:mail:meta', 'p:mail:delayed', 'p:mail:events'],
        ...['p:mail:marker', 't1', 'p:mail:', 'b1', 'mail.send', 5, 3, 0],
        ...[7, '{"id":7}', '{}', 1_700_000_000_000, 1, 0, 2_000, 'Error: boom'],
      ],
    ]);
  });

  it('leave the crashes of the shared job as they are when no number is given', async () => {
    const { rowJobs, commands } = rowJobsOver();
    await rowJobs.splitRows(shared, [split], options);
    expect(commands[0]?.[13]).toBe('');
  });

  it('throw an error that the recorder knows when the job is not ours', async () => {
    const { rowJobs } = rowJobsOver(0);
    await expect(rowJobs.splitRows(shared, [split], options)).rejects.toMatchObject({ code: -2 });
  });

  it('throw what Redis throws', async () => {
    const { rowJobs } = rowJobsOver(new Error('OOM'));
    await expect(rowJobs.splitRows(shared, [split], options)).rejects.toThrow('OOM');
  });

  it('read which rows are open', async () => {
    const { rowJobs, commands } = rowJobsOver([2, 3]);
    expect(await rowJobs.openRows('mail', 'b1', [1, 2, 3])).toEqual([2, 3]);
    expect(commands).toEqual([['open', 'p:mail:batch:b1:fates', 'p:mail:', 'b1', 1, 2, 3]]);
  });
});
