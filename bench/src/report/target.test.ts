import { describe, expect, it } from 'vitest';
import { spreadOf } from './spread.js';
import { atLeast, atMost, fasterThanAll, notDearer, notFarBehind, notSlower } from './target.js';

const nine = (value: number) => spreadOf(Array.from({ length: 9 }, () => value));
const level = spreadOf([0.9, 0.9, 0.95, 0.95, 0.98, 1.05, 1.05, 1.1, 1.1]);

describe('a target', () => {
  it('for a median is reached or not', () => {
    expect(atLeast('speed', 2, nine(2))).toEqual({
      ...{ wanted: 'speed: at least 2.00 ×', measured: '**2.00** (2.00 … 2.00)', reached: true },
    });
    expect(atLeast('speed', 2, nine(1.99)).reached).toBe(false);
    expect(atMost('cost', 0.4, nine(0.4)).reached).toBe(true);
    expect(atMost('cost', 0.4, nine(0.41)).reached).toBe(false);
  });

  it('that was not measured is neither', () => {
    expect(atLeast('speed', 2, undefined)).toMatchObject({ measured: 'not measured', reached: undefined });
  });

  it('may be satisfied with level, and says so', () => {
    expect(notSlower('speed', level)).toMatchObject({ measured: '**0.98** (0.90 … 1.10), level', reached: true });
    expect(notDearer('cost', level).reached).toBe(true);
    expect(notSlower('speed', nine(0.99)).reached).toBe(false);
    expect(notDearer('cost', nine(1.01)).reached).toBe(false);
  });

  it('of being faster is not decided by few rounds', () => {
    expect(fasterThanAll('all', [{ peer: 'bull', ratio: spreadOf([2, 2, 2]) }]).reached).toBeUndefined();
  });
});

describe('a target against peers', () => {
  const bull = { peer: 'bull', ratio: nine(2) };

  it('names the peer that comes closest', () => {
    expect(fasterThanAll('all', [bull, { peer: 'bee-queue', ratio: nine(1.2) }])).toMatchObject({
      ...{ measured: 'bee-queue: **1.20** (1.20 … 1.20)', reached: true },
    });
  });

  it('is missed when one of them is level', () => {
    expect(fasterThanAll('all', [bull, { peer: 'bee-queue', ratio: level }]).reached).toBe(false);
  });

  it('is not decided when one of them was not measured, as that may be the fastest', () => {
    expect(fasterThanAll('all', [bull, { peer: 'groupmq', ratio: undefined }])).toMatchObject({
      ...{ measured: 'bull: **2.00** (2.00 … 2.00); groupmq: not measured', reached: undefined },
    });
  });

  it('may let them be 3 % ahead', () => {
    expect(notFarBehind('all', [bull, { peer: 'bee-queue', ratio: nine(0.975) }]).reached).toBe(true);
    expect(notFarBehind('all', [bull, { peer: 'bee-queue', ratio: nine(0.96) }]).reached).toBe(false);
  });
});
