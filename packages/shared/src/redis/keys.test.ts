import { describe, expect, it } from 'vitest';
import { FATE } from '../job/fate.js';
import {
  batchesKey,
  batchKeys,
  cancelledBatch,
  cancelledBatchesKey,
  cancelledChannel,
  DEFAULT_PREFIX,
  prefixFault,
} from './keys.js';

describe('prefixFault', () => {
  it.each([DEFAULT_PREFIX, 'a', '{shop}', 'shop.eu-1_b', 'x'.repeat(100)])('finds nothing wrong with %s', (prefix) => {
    expect(prefixFault(prefix)).toBeUndefined();
  });

  it.each([[''], ['a:b'], ['a b'], ['a\n'], ['*'], ['é'], ['x'.repeat(101)], [undefined], [5], [['a']]])(
    'refuses %j',
    (prefix) => {
      expect(prefixFault(prefix)).toMatch(/^expected 1 to 100 letters/);
    },
  );
});

describe('the names on Redis', () => {
  it('have the shape of BullMQ’s own: prefix, queue, name', () => {
    expect(batchKeys('bullpen', 'mail', '20260101')).toEqual({
      books: 'bullpen:mail:batch:20260101',
      fates: 'bullpen:mail:batch:20260101:fates',
      failures: 'bullpen:mail:batch:20260101:failures',
      reasons: 'bullpen:mail:batch:20260101:reasons',
      examples: 'bullpen:mail:batch:20260101:examples',
      results: 'bullpen:mail:batch:20260101:results',
    });
    expect(batchesKey('bullpen', 'mail')).toBe('bullpen:mail:batches');
    expect(cancelledBatchesKey('bullpen', 'mail')).toBe('bullpen:mail:batches:cancelled');
    expect(cancelledChannel('bullpen', 'mail')).toBe('bullpen:mail:cancelled');
  });

  it('tell a cancelled batch from a cancelled job: no job has an id with a colon', () => {
    expect(cancelledBatch('b1')).toBe('batch:b1');
  });
});

describe('the fate of a row', () => {
  it('has two bits whose meaning never changes, and is open until somebody writes it', () => {
    expect(FATE).toEqual({ open: 0, completed: 1, failed: 2, cancelled: 3 });
  });
});
