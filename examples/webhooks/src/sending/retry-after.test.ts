import { describe, expect, it } from 'vitest';
import { parseRetryAfter } from './retry-after.js';

const now = Date.UTC(2026, 2, 2, 12, 0, 0);

describe('parseRetryAfter', () => {
  it.each([
    ['1', 1_000],
    ['120', 120_000],
    [' 30 ', 30_000],
    ['Mon, 02 Mar 2026 12:00:30 GMT', 30_000],
  ])('reads %j', (header, waitMs) => {
    expect(parseRetryAfter(header, now)).toBe(waitMs);
  });

  it.each([
    ['0', 1_000],
    ['Mon, 02 Mar 2026 11:00:00 GMT', 1_000],
    ['86400', 3_600_000],
    ['9'.repeat(400), 3_600_000],
    ['Sat, 02 Mar 2126 12:00:00 GMT', 3_600_000],
  ])('keeps %j between a second and an hour', (header, waitMs) => {
    expect(parseRetryAfter(header, now)).toBe(waitMs);
  });

  it.each([null, '', '-5', '1.5', 'soon', '2026-03-02', 'nonsense GMT'])('ignores %j', (header) => {
    expect(parseRetryAfter(header, now)).toBeUndefined();
  });
});
