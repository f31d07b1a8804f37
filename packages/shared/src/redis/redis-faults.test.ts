import { describe, expect, test } from 'vitest';
import { isConnectionLoss, isReadonly, reasonOf, refusesForNow, refusesUs } from './redis-faults.js';

describe('refusesForNow', () => {
  for (const reply of [
    'READONLY You cannot',
    'LOADING Redis is',
    'OOM command not',
    'MISCONF Redis is',
    'BUSY Redis is',
    'NOSCRIPT No matching script.',
    'ERR Error running script (call to f_6b1bf4): @user_script:679: -READONLY You cannot',
  ]) {
    test(reply, () => expect(refusesForNow(new Error(reply))).toBe(true));
  }
  for (const reply of ['WRONGTYPE Operation', 'ERR unknown command', 'OOMPH', 'NOAUTH Authentication required.']) {
    test(`not ${reply}`, () => expect(refusesForNow(new Error(reply))).toBe(false));
  }
});

test('refusesUs: Redis does not know the user, or the user may not do this', () => {
  for (const reply of [
    ...['WRONGPASS invalid', 'NOAUTH Authentication required.', 'NOPERM this user has no permissions'],
    "ERR The user executing the script can't run this command or subcommand script: f1, on @user_script:1.",
    'ERR ACL failure in script: NOPERM User default has no permissions',
  ]) {
    expect([refusesUs(new Error(reply)), refusesForNow(new Error(reply))]).toEqual([true, false]);
  }
  for (const reply of [
    ...['MOVED 1 h:1', 'ASK 1 h:1', "CROSSSLOT Keys in request don't hash to the same slot"],
    'ERR Script attempted to access a non local key in a cluster node script: f1, on @user_script:97.',
    'ERR Script attempted to access keys that do not hash to the same slot script: f1, on @user_script:97.',
  ]) {
    expect([refusesUs(new Error(reply)), refusesForNow(new Error(`TRYAGAIN ${reply}`))]).toEqual([true, true]);
    expect(refusesUs(new Error(`TRYAGAIN ${reply}`))).toBe(false);
  }
  expect(refusesUs(new Error('READONLY You cannot'))).toBe(false);
});

test('isReadonly, also from inside a script', () => {
  const script = (reply: string) => new Error(`ERR Error running script (call to f_1): @user_script:1: -${reply}`);
  expect([isReadonly(new Error('READONLY You')), isReadonly(script('READONLY You'))]).toEqual([true, true]);
  expect(isReadonly(new Error('OOM command'))).toBe(false);
});

describe('isConnectionLoss', () => {
  test('is known by code, by name or by message', () => {
    expect(isConnectionLoss(Object.assign(new Error('x'), { code: 'ECONNRESET' }))).toBe(true);
    expect(isConnectionLoss(Object.assign(new Error('x'), { name: 'MaxRetriesPerRequestError' }))).toBe(true);
    expect(isConnectionLoss(new Error('Connection is closed.'))).toBe(true);
    expect(isConnectionLoss(new Error("Socket timeout. Expecting data, but didn't receive any in 5000ms."))).toBe(true);
  });

  test('is nothing else', () => {
    for (const other of [new Error('ERR syntax error'), new TypeError('x'), undefined, null, 'closed']) {
      expect(isConnectionLoss(other)).toBe(false);
    }
  });
});

test('reasonOf reads the reasons inside an error for several addresses, and hides passwords', () => {
  const inside = [new Error('connect redis://user:secret@one'), new Error('two')];
  expect(reasonOf(new AggregateError(inside, ''))).not.toContain('secret');
  expect(reasonOf(new AggregateError(inside, ''))).toContain('; two');
});
