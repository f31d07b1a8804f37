import { describe, expect, it } from 'vitest';
import { readEventIds } from '../orders/orders-file.js';
import { latencyFor, type Mischief, mischiefFor } from './mischief.js';

const ids = await readEventIds();

describe('mischief', () => {
  it('hits the same events in every run: this many of the 5,000 orders', () => {
    const counts: Record<Mischief, number> = { none: 0, error: 0, busy: 0, reset: 0, 'answer lost': 0 };
    for (const id of ids) counts[mischiefFor(id)] += 1;
    expect(counts).toMatchInlineSnapshot(`
      {
        "answer lost": 6,
        "busy": 56,
        "error": 167,
        "none": 4754,
        "reset": 17,
      }
    `);
  });

  it('makes most answers quick and some slow', () => {
    const latencies = ids.map(latencyFor);
    expect(latencies.every((ms) => (ms >= 5 && ms <= 30) || (ms >= 300 && ms <= 800))).toBe(true);
    const slow = latencies.filter((ms) => ms >= 300).length;
    expect(slow).toBeGreaterThan(70);
    expect(slow).toBeLessThan(130);
  });
});
