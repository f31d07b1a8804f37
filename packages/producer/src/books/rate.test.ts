import { describe, expect, it } from 'vitest';
import { Rate } from './rate.js';

describe('Rate', () => {
  it('is undefined until there are two samples', () => {
    const rate = new Rate();
    expect([rate.perSecond, rate.secondsFor(10)]).toEqual([undefined, undefined]);
    rate.note(100, 0);
    expect(rate.perSecond).toBeUndefined();
    rate.note(300, 2_000);
    expect([rate.perSecond, rate.secondsFor(1_000)]).toEqual([100, 10]);
  });

  it('follows a change within 15 seconds', () => {
    const rate = new Rate();
    for (let at = 0; at <= 60_000; at += 500) rate.note(at / 10, at);
    for (let at = 500; at <= 15_000; at += 500) rate.note(6_000 + at, 60_000 + at);
    expect(rate.perSecond).toBe(1_000);
  });

  it('gives no time when nothing gets done, and begins anew when rows are retried', () => {
    const rate = new Rate();
    rate.note(500, 0);
    rate.note(500, 1_000);
    expect([rate.perSecond, rate.secondsFor(10)]).toEqual([0, undefined]);
    rate.note(400, 2_000);
    expect(rate.perSecond).toBeUndefined();
  });
});
