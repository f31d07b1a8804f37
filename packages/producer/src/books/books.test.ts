import { batchKeys } from '@bullpen/shared/internal';
import { describe, expect, it } from 'vitest';
import type { ProducerRedis } from '../enqueue/producer-redis.js';
import { beginBooks, type NewBooks } from './begin-books.js';
import { bookKeys, readBooks } from './books.js';

const fresh: NewBooks = {
  ...{ job: 'mail.send', source: 'rows.csv', format: 'csv', bytes: 120, sha256: 'abc', delimiter: ';', keyField: 'id' },
  ...{ rowsPerJob: 10, delayMs: 5, priority: 2, results: true, keepMs: 1_000, keepKeysMs: 2_000 },
};
const place = { prefix: 'p', queue: 'mail', batch: 'b1', now: 1_700_000_000_000 };
/** The fields that the script itself writes into new books. */
const counts = { read: '0', added: '0', duplicate: '0', rejected: '0', completed: '0', failed: '0', cancelled: '0' };

/** A connection whose script records its arguments, and answers names and values as Redis does. */
function redisBeginning(found?: Record<string, string>) {
  const calls: (string | number)[][] = [];
  const bullpenOpenBatch = async (...args: (string | number)[]): Promise<string[]> => {
    calls.push(args);
    const given = args.slice(8).map(String);
    return found === undefined ? [...Object.entries(counts).flat(), ...given] : Object.entries(found).flat();
  };
  return { redis: { bullpenOpenBatch } as unknown as ProducerRedis, calls };
}

describe('beginBooks', () => {
  it('writes all options of the batch into new books', async () => {
    const { redis, calls } = redisBeginning();
    expect(await beginBooks(redis, place, fresh)).toEqual({
      ...{ ...fresh, name: 'b1', queue: 'mail', columns: undefined, checksum: '0' },
      ...{ createdAt: place.now, writtenAt: place.now, readAt: undefined, cancelledAt: undefined },
      ...{ read: 0, added: 0, duplicate: 0, rejected: 0, completed: 0, failed: 0, cancelled: 0 },
      rejections: [],
    });
    expect(calls[0]?.slice(0, 8)).toEqual([
      ...bookKeys(batchKeys('p', 'mail', 'b1')),
      ...['p:mail:batches', 'p:mail:batches:cancelled', 'b1'],
    ]);
  });

  it('leaves out the fields that have no value', async () => {
    const { redis, calls } = redisBeginning();
    const plain = { ...fresh, bytes: undefined, sha256: undefined, keyField: undefined, results: false };
    expect(await beginBooks(redis, place, plain)).toMatchObject(plain);
    const names = calls[0]?.filter((_, at) => at >= 8 && at % 2 === 0);
    for (const name of ['bytes', 'sha256', 'keyField', 'results']) expect(names).not.toContain(name);
  });

  it('returns the books that are there already', async () => {
    const found = { ...counts, job: 'other', read: '1200', checksum: '77', readAt: '5', columns: '["a","b"]' };
    expect(await beginBooks(redisBeginning(found).redis, place, fresh)).toMatchObject({
      ...{ job: 'other', read: 1_200, checksum: '77', readAt: 5, columns: ['a', 'b'] },
    });
  });
});

describe('readBooks', () => {
  it('returns undefined when there are no books', () => {
    expect(readBooks('mail', 'b1', {})).toBeUndefined();
    expect(readBooks('mail', 'b1', { read: '5' })).toBeUndefined();
  });

  it('tells 0 from an absent field', () => {
    const books = readBooks('mail', 'b1', { job: 'mail.send', bytes: '0', cancelledAt: '0' });
    expect([books?.bytes, books?.cancelledAt, books?.readAt]).toEqual([0, 0, undefined]);
  });
});

describe('bookKeys', () => {
  it('lists the keys in the order in which the scripts take them', () => {
    expect(bookKeys(batchKeys('p', 'q', 'b'))).toEqual([
      ...['p:q:batch:b', 'p:q:batch:b:fates', 'p:q:batch:b:failures', 'p:q:batch:b:reasons', 'p:q:batch:b:results'],
    ]);
  });
});
