import { BOOKS_KEPT_S, type Redis } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { Books } from './books.js';

/** Books over a connection that writes down each command; they succeed, or fail with `failure`. */
function booksOver(failure?: Error) {
  const commands: string[] = [];
  const answer = (): Promise<unknown> => (failure === undefined ? Promise.resolve('OK') : Promise.reject(failure));
  const write = (...words: unknown[]): void => void commands.push(words.join(' '));
  const command =
    (name: string) =>
    (...args: unknown[]) => {
      write(name, ...args);
      return answer();
    };
  const pipeline = () => {
    const chain = {
      bitfield(...args: unknown[]) {
        write('bitfield', ...args);
        return chain;
      },
      expire(...args: unknown[]) {
        write('expire', ...args);
        return chain;
      },
      exec: answer,
    };
    return chain;
  };
  const redis = { pipeline, hincrby: command('hincrby'), zadd: command('zadd'), zrem: command('zrem') };
  return { books: new Books(redis as unknown as Redis, 'p'), commands };
}

describe('Books', () => {
  it('note a row’s fate in two bits at its number, and keep the books for a while', () => {
    const { books, commands } = booksOver();
    books.noteRow('mail', { batch: 'b1', row: 1 }, 'completed');
    books.noteRow('mail', { batch: 'b1', row: 1_000_000 }, 'failed');
    expect(commands).toEqual([
      'bitfield p:mail:batch:b1 SET u2 #0 1',
      `expire p:mail:batch:b1 ${BOOKS_KEPT_S}`,
      'bitfield p:mail:batch:b1 SET u2 #999999 2',
      `expire p:mail:batch:b1 ${BOOKS_KEPT_S}`,
    ]);
  });

  it('note nothing for a job that is no row of a batch', () => {
    const { books, commands } = booksOver();
    for (const opts of [{}, { batch: 'b1' }, { row: 1 }]) books.noteRow('mail', opts, 'completed');
    expect(commands).toEqual([]);
  });

  it('take back an attempt, wake a worker and forget a cancellation in BullMQ’s and our own keys', () => {
    const { books, commands } = booksOver();
    books.unspendAttempt('mail', 'j-1');
    books.wakeOne('mail');
    books.forgetCancelled('mail', 'j-1');
    expect(commands).toEqual(['hincrby p:mail:j-1 atm -1', 'zadd p:mail:marker 0 0', 'zrem p:mail:cancelled j-1']);
  });

  it('leave nothing unhandled when Redis is away', async () => {
    const { books } = booksOver(new Error('Connection is closed.'));
    books.noteRow('mail', { batch: 'b1', row: 1 }, 'completed');
    books.unspendAttempt('mail', 'j-1');
    books.wakeOne('mail');
    books.forgetCancelled('mail', 'j-1');
    // An unhandled rejection would fail the run here.
    await new Promise((resolve) => setImmediate(resolve));
  });
});
