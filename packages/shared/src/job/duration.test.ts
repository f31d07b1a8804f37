import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInstant, parseDuration, showDuration, writeDuration } from './duration.js';

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7 days', 604_800_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['500', 500],
    ['0', 0],
    [0, 0],
    [1_234, 1_234],
    [0.4, 0],
    [0.5, 1],
  ])('reads %j as %i ms', (value, expected) => {
    expect(parseDuration(value)).toBe(expected);
  });

  it('refuses everything that is not a duration, and says what it got', () => {
    const wrong = ['', '   ', 'soon', '5 lightyears', '1e3', '1s 500ms', Number.NaN, Number.POSITIVE_INFINITY];
    for (const value of [...wrong, null, undefined, true, 5n, [], {}, new Date(), Symbol('s')]) {
      expect(parseDuration(value)).toMatch(/^expected a duration such as '30s' or milliseconds, got ./);
    }
  });

  it('refuses a negative duration, as text and as a number, and repeats it', () => {
    expect(parseDuration('-5s')).toBe("a duration cannot be negative, got '-5s'");
    expect(parseDuration(-1)).toBe('a duration cannot be negative, got -1');
  });

  it('refuses a duration that a number of milliseconds cannot hold exactly', () => {
    expect(parseDuration('9999999999999999 years')).toMatch(/^a duration this long cannot be counted/);
    expect(parseDuration(Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
    expect(parseDuration(Number.MAX_SAFE_INTEGER + 1)).toMatch(/^a duration this long/);
  });

  it('repeats only the beginning of a long text', () => {
    expect(String(parseDuration('x'.repeat(100_000))).length).toBeLessThan(150);
  });

  it('returns whole milliseconds or a text, for any value', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }), (value) => {
        const parsed = parseDuration(value);
        if (typeof parsed === 'number') expect(Number.isSafeInteger(parsed) && parsed >= 0).toBe(true);
        else expect(parsed).toMatch(/got |: /);
      }),
    );
  });

  it('reads what showDuration writes, up to the rounding', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 365 * 86_400_000 }), (durationMs) => {
        const read = parseDuration(showDuration(durationMs));
        expect(Math.abs(Number(read) - durationMs)).toBeLessThanOrEqual(durationMs / 2);
      }),
    );
  });
});

describe('showDuration', () => {
  it.each([
    [0, '0ms'],
    [949.6, '950ms'],
    [25_000, '25s'],
    [120_000, '2m'],
    [86_400_000, '1d'],
  ])('writes %d ms as %s', (durationMs, text) => {
    expect(showDuration(durationMs)).toBe(text);
  });
});

describe('writeDuration', () => {
  it.each([
    [0, '0ms'],
    [1_500, '1500ms'],
    [90_000, '90s'],
    [5_400_000, '90m'],
    [604_800_000, '7d'],
  ])('writes %d ms as %s', (durationMs, text) => {
    expect(writeDuration(durationMs)).toBe(text);
  });

  it('writes what parseDuration reads back exactly', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 * 365 * 86_400_000 }), (durationMs) => {
        expect(parseDuration(writeDuration(durationMs))).toBe(durationMs);
      }),
    );
  });
});

describe('isInstant', () => {
  it('accepts the instants that a Date can hold, to the millisecond', () => {
    expect([0, -1, Date.now(), 8.64e15, -8.64e15].map(isInstant)).toEqual([true, true, true, true, true]);
    expect([8.64e15 + 1, -8.64e15 - 1, 1e300].map(isInstant)).toEqual([false, false, false]);
  });

  it('accepts no other value', () => {
    for (const value of [Number.NaN, '2026-01-01', new Date(), null, undefined, 5n])
      expect(isInstant(value)).toBe(false);
    fc.assert(
      fc.property(fc.double(), (value) => {
        if (isInstant(value)) expect(new Date(value).toISOString()).toContain('T');
      }),
    );
  });
});
