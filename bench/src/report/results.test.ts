import { expect, it } from 'vitest';
import type { Sample } from '../running/heat.js';
import { Results, rate } from './results.js';

const sample = (label: string, round: number, ms: number): Sample => ({
  ...{ heat: 'heat', label, round, rows: 100, ms, ownCpuUs: 0, redisCpuUs: 0, commands: 0, rssMb: 0 },
});

it('a ratio is of two samples of one round: a slow round slows both, and changes nothing', () => {
  const results = new Results([sample('a', 1, 10), sample('b', 1, 20), sample('a', 2, 100), sample('b', 2, 200)]);
  expect(results.ratio('heat', 'a', 'b', rate)).toMatchObject({ median: 2, min: 2, max: 2, rounds: 2 });
});

it('a round in which one of them failed has no ratio', () => {
  const results = new Results([sample('a', 1, 10), sample('a', 2, 10), sample('b', 2, 20)]);
  expect(results.ratio('heat', 'a', 'b', rate)?.rounds).toBe(1);
  expect(results.ratio('heat', 'c', 'b', rate)).toBeUndefined();
});
