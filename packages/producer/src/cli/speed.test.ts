import { describe, expect, it } from 'vitest';
import { Speed } from './speed.js';

describe('Speed', () => {
  it('knows nothing until there is something to compare', () => {
    const speed = new Speed(4_000);
    expect([speed.perSecond, speed.secondsLeft(10, 100)]).toEqual([undefined, undefined]);
    speed.begin(0, 5_000);
    expect([speed.perSecond, speed.secondsLeft(10, 100)]).toEqual([undefined, undefined]);
    expect(speed.secondsLeft(100, 100)).toBe(0);
    speed.note(500, 5_500);
    expect([speed.perSecond, speed.secondsLeft(50, 100)]).toEqual([1_000, 0.5]);
  });

  it('counts from where it found the rows, not what was in before', () => {
    const speed = new Speed(0);
    speed.begin(90_000, 1_000);
    speed.note(91_000, 2_000);
    expect(speed.perSecond).toBe(1_000);
    // 9,100 bytes for 91,000 rows: 900 more are 9,000 rows.
    expect(speed.secondsLeft(9_100, 10_000)).toBe(9);
  });
});
