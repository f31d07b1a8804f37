import { describe, expect, it } from 'vitest';
import { perSecond, secondsLeft } from './speed.js';

describe('how fast it goes', () => {
  it('is not known until there are rows', () => {
    expect(perSecond(0, 1_000)).toBeUndefined();
    expect(secondsLeft({ done: 10, total: 100, rows: 0 }, undefined)).toBeUndefined();
    expect(secondsLeft({ done: 0, total: 100, rows: 0 }, 5)).toBeUndefined();
    expect(secondsLeft({ done: 100, total: 100, rows: 0 }, undefined)).toBe(0);
  });

  it('tells how long the rest takes, by the bytes of a row and the speed of this run', () => {
    expect(perSecond(500, 500)).toBe(1_000);
    expect(perSecond(1, 0)).toBe(1_000);
    // 9,100 bytes for 91,000 rows: 900 more are 9,000 rows.
    expect(secondsLeft({ done: 9_100, total: 10_000, rows: 91_000 }, 1_000)).toBe(9);
  });
});
