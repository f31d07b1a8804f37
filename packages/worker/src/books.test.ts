import { BOOKS_KEPT_S } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { Books } from './books.js';
import { leaseOf } from './lease.js';
import type { Notes } from './notes.js';
import type { ScriptedRedis } from './scripted-redis.js';

const LEASE_MS = 7_000;
const lease = leaseOf({ attemptsMade: 0, attemptsStarted: 1, stalledCounter: 0 }, 't1', LEASE_MS);

/** Books over a connection that writes down each command; they succeed, or fail with `failure`. */
function booksOver(failure?: Error) {
  const commands: unknown[][] = [];
  const command =
    (name: string) =>
    async (...args: unknown[]) => {
      commands.push([name, ...args]);
      if (failure !== undefined) throw failure;
      return 1;
    };
  const redis = { bullpenNote: command('note'), bullpenProgress: command('progress'), zadd: command('zadd') };
  return { books: new Books(redis as unknown as ScriptedRedis, 'p', LEASE_MS), commands };
}

/** What is sent for some notes about job j-1 of queue mail: the keys, and what the script is told. */
function sentFor(notes: Notes): { keys: unknown[]; args: unknown[] } {
  const { books, commands } = booksOver();
  books.note('mail', 'j-1', lease, notes);
  expect(commands.map(([name]) => name)).toEqual(['note']);
  const [, ...sent] = commands[0] ?? [];
  return { keys: sent.slice(0, 4), args: sent.slice(4) };
}

describe('Books', () => {
  it('note the fate of a row at its number, counted from 0, and keep the books for a while', () => {
    const { keys, args } = sentFor({ row: { batch: 'b1', row: 1, fate: 'completed' } });
    expect(keys).toEqual(['p:mail:j-1:lock', 'p:mail:j-1', 'p:mail:cancelled', 'p:mail:batch:b1']);
    expect(args).toEqual(['t1', LEASE_MS, 'j-1', 0, 1, BOOKS_KEPT_S, '', '', '']);
    expect(sentFor({ row: { batch: 'b1', row: 1_000_000, fate: 'failed' } }).args.slice(3, 6)).toEqual([
      ...[999_999, 2, BOOKS_KEPT_S],
    ]);
  });

  it.each<[Notes, unknown[]]>([
    [{ attemptsMade: -1 }, [-1, '', '']],
    [{ attemptsMade: 0, forgetCrashes: true }, [0, '1', '']],
    [{ forgetCancelled: true }, ['', '', '1']],
    [{ forgetCancelled: false, forgetCrashes: false }, ['', '', '']],
  ])('note %j without a row', (notes, flags) => {
    expect(sentFor(notes).args).toEqual(['t1', LEASE_MS, 'j-1', '', '', '', ...flags]);
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

  it('tell when progress cannot be recorded, or be written as JSON', async () => {
    await expect(booksOver(new Error('OOM')).books.progress('mail', 'j-1', lease, 5)).rejects.toThrow('OOM');
    const { books, commands } = booksOver();
    await expect(books.progress('mail', 'j-1', lease, { n: 5n })).rejects.toThrow(TypeError);
    expect(commands).toEqual([]);
  });

  it('wake a worker by BullMQ’s own key', () => {
    const { books, commands } = booksOver();
    books.wakeOne('mail');
    expect(commands).toEqual([['zadd', 'p:mail:marker', 0, '0']]);
  });

  it('leave nothing unhandled when Redis is away', async () => {
    const { books, commands } = booksOver(new Error('Connection is closed.'));
    books.note('mail', 'j-1', lease, { forgetCancelled: true });
    books.wakeOne('mail');
    // An unhandled rejection would fail the run here.
    await new Promise((resolve) => setImmediate(resolve));
    expect(commands).toHaveLength(2);
  });
});
