import { describe, expect, it } from 'vitest';
import { attemptNumber, maxAttemptsOf } from './attempt-number.js';

describe('attemptNumber', () => {
  it('counts attempts from 1', () => {
    expect([attemptNumber(0), attemptNumber(2), attemptNumber(-1)]).toEqual([1, 3, 1]);
  });
});

describe('maxAttemptsOf', () => {
  it('takes the number that is stored with the job', () => {
    expect(maxAttemptsOf(3, 10)).toBe(3);
  });

  it.each([undefined, 0, -1, 1.5, '3', Number.NaN, {}])(
    'takes the number of the definition when %j is stored',
    (stored) => {
      expect([maxAttemptsOf(stored, 10), maxAttemptsOf(stored, undefined)]).toEqual([10, 1]);
    },
  );
});
