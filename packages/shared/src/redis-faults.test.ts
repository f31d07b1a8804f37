import { describe, expect, test } from 'vitest';
import { isConnectionLoss, reasonOf, refusesForNow } from './redis-faults.js';

describe('refusesForNow', () => {
  for (const reply of [
    'READONLY You cannot',
    'LOADING Redis is',
    'OOM command not',
    'MISCONF Redis is',
    'BUSY Redis is',
  ]) {
    test(reply, () => expect(refusesForNow(new Error(reply))).toBe(true));
  }
  for (const reply of ['WRONGTYPE Operation', 'ERR unknown command', 'OOMPH', 'NOAUTH Authentication required.']) {
    test(`not ${reply}`, () => expect(refusesForNow(new Error(reply))).toBe(false));
  }
});

describe('isConnectionLoss', () => {
  test('by code, by name, by message', () => {
    expect(isConnectionLoss(Object.assign(new Error('x'), { code: 'ECONNRESET' }))).toBe(true);
    expect(isConnectionLoss(Object.assign(new Error('x'), { name: 'MaxRetriesPerRequestError' }))).toBe(true);
    expect(isConnectionLoss(new Error('Connection is closed.'))).toBe(true);
    expect(isConnectionLoss(new Error("Socket timeout. Expecting data, but didn't receive any in 5000ms."))).toBe(true);
  });

  test('nothing else is one', () => {
    for (const other of [new Error('ERR syntax error'), new TypeError('x'), undefined, null, 'closed']) {
      expect(isConnectionLoss(other)).toBe(false);
    }
  });
});

test('reasonOf looks into an error of several addresses, and hides passwords', () => {
  const inside = [new Error('connect redis://user:secret@one'), new Error('two')];
  expect(reasonOf(new AggregateError(inside, ''))).not.toContain('secret');
  expect(reasonOf(new AggregateError(inside, ''))).toContain('; two');
});
