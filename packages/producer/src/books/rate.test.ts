import { describe, expect, it } from 'vitest';
import { Rate } from './rate.js';

describe('Rate', () => {
  it('knows nothing until there is something to compare', () => {
    const pace = new Rate();
    expect([pace.perSecond, pace.secondsFor(10)]).toEqual([undefined, undefined]);
    pace.note(100, 0);
    expect(pace.perSecond).toBeUndefined();
    pace.note(300, 2_000);
    expect([pace.perSecond, pace.secondsFor(1_000)]).toEqual([100, 10]);
  });

  it('follows a change within 15 seconds', () => {
    const pace = new Rate();
    for (let at = 0; at <= 60_000; at += 500) pace.note(at / 10, at);
    for (let at = 500; at <= 15_000; at += 500) pace.note(6_000 + at, 60_000 + at);
    expect(pace.perSecond).toBe(1_000);
  });

  it('does not say when it stands still, and begins anew when rows are retried', () => {
    const pace = new Rate();
    pace.note(500, 0);
    pace.note(500, 1_000);
    expect([pace.perSecond, pace.secondsFor(10)]).toEqual([0, undefined]);
    pace.note(400, 2_000);
    expect(pace.perSecond).toBeUndefined();
  });
});
