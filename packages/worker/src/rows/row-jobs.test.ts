import { describe, expect, it } from 'vitest';
import { leaseOf } from '../in-flight/lease.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { Books, type SharedJob, type SplitRow } from './row-jobs.js';

const lease = leaseOf({ attemptsMade: 0, attemptsStarted: 1, stalledCounter: 0 }, 't1', 7_000);
const shared: SharedJob = { queue: 'mail', jobId: 'b-b1-1_9', batch: 'b1', lease };
const split: SplitRow = {
  ...{ row: 7, data: '{"id":7}', opts: '{}', dueAt: 1_700_000_000_000 },
  ...{ attemptsMade: 1, crashes: 0, failure: 'Error: boom' },
};
const terms = { name: 'mail.send', timestamp: 5, priority: 3, crashes: undefined };

/**
 * Books over a connection that writes down each command; they answer with `reply`, or fail with it.
 */
function booksOver(reply: unknown = 1) {
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
    ...{ bullpenProgress: command('progress'), zadd: command('zadd') },
  };
  return { books: new Books(redis as unknown as ScriptedRedis, 'p'), commands };
}

describe('Books', () => {
  it('give rows jobs of their own, with what they have in common and what they have not', async () => {
    const { books, commands } = booksOver();
    await books.splitRows(shared, [split], { ...terms, crashes: 0 });
    expect(commands).toEqual([
      [
        ...['split', 'p:mail:b-b1-1_9:lock', 'p:mail:b-b1-1_9', 'p:mail:meta', 'p:mail:delayed', 'p:mail:events'],
        ...['p:mail:marker', 't1', 'p:mail:', 'b1', 'mail.send', 5, 3, 0],
        ...[7, '{"id":7}', '{}', 1_700_000_000_000, 1, 0, 'Error: boom'],
      ],
    ]);
  });

  it('leave the crashes of the shared job as they are when nothing is said of them', async () => {
    const { books, commands } = booksOver();
    await books.splitRows(shared, [split], terms);
    expect(commands[0]?.[13]).toBe('');
  });

  it('say that the job is not ours when its lock is another’s, in a way that the recorder knows', async () => {
    const { books } = booksOver(0);
    await expect(books.splitRows(shared, [split], terms)).rejects.toMatchObject({ code: -2 });
  });

  it('tell what Redis fails with', async () => {
    const { books } = booksOver(new Error('OOM'));
    await expect(books.splitRows(shared, [split], terms)).rejects.toThrow('OOM');
    await expect(books.progress('mail', 'j-1', lease, 5)).rejects.toThrow('OOM');
  });

  it('know which rows are still to be done', async () => {
    const { books, commands } = booksOver([2, 3]);
    expect(await books.openRows('mail', 'b1', [1, 2, 3])).toEqual([2, 3]);
    expect(commands).toEqual([['open', 'p:mail:batch:b1:fates', 'p:mail:', 'b1', 1, 2, 3]]);
  });

  it('say how far an attempt is in JSON, under its lease', async () => {
    const { books, commands } = booksOver();
    await books.progress('mail', 'j-1', lease, { done: 3 });
    expect(commands).toEqual([
      [
        ...['progress', 'p:mail:j-1:lock', 'p:mail:j-1', 'p:mail:events', 'p:mail:meta'],
        ...['t1', 'j-1', '{"done":3}'],
      ],
    ]);
  });

  it('refuse progress that cannot be written as JSON, or that Redis should not hold', async () => {
    const { books, commands } = booksOver();
    await expect(books.progress('mail', 'j-1', lease, { n: 5n })).rejects.toThrow(TypeError);
    await expect(books.progress('mail', 'j-1', lease, 'x'.repeat(17 * 1_048_576))).rejects.toThrow(RangeError);
    expect(commands).toEqual([]);
  });

  it('wake a worker by BullMQ’s own key', () => {
    const { books, commands } = booksOver();
    books.wakeOne('mail');
    expect(commands).toEqual([['zadd', 'p:mail:marker', 0, '0']]);
  });

  it('leave nothing unhandled when nobody can be woken', async () => {
    const { books, commands } = booksOver(new Error('Connection is closed.'));
    books.wakeOne('mail');
    // An unhandled rejection would fail the run here.
    await new Promise((resolve) => setImmediate(resolve));
    expect(commands).toHaveLength(1);
  });
});
