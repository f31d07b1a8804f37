import { describe, expect, it } from 'vitest';
import { readSettings, scaled } from './settings.js';

const read = (args: string[] = [], environment: NodeJS.ProcessEnv = {}) => readSettings(args, environment).settings;

describe('readSettings', () => {
  it('runs everything but growth, nine rounds, and may be published', () => {
    const { scenarios, rounds, scale, page, trial } = read();
    expect(scenarios).not.toContain('growth');
    expect({ rounds, scale, page, trial }).toEqual({ rounds: 9, scale: 1, page: 'RESULTS.md', trial: [] });
  });

  it('runs growth alone, on a page of its own', () => {
    expect(read(['growth'])).toMatchObject({ scenarios: ['growth'], rounds: 3, page: 'GROWTH.md', trial: [] });
    expect(() => read(['growth', 'idle'])).toThrow('growth has a page of its own');
  });

  it('keeps the order of scenarios', () => {
    expect(read(['latency', 'enqueue']).scenarios).toEqual(['enqueue', 'latency']);
  });

  it.each([
    ['not every scenario', ['enqueue'], {}],
    ['scale 0.5', [], { BENCH_SCALE: '0.5' }],
    ['fewer than 9 rounds', [], { BENCH_ROUNDS: '8' }],
    ['fewer than 3 rounds', ['growth'], { BENCH_ROUNDS: '1' }],
  ])('is a trial with %s', (reason, args, environment) => {
    expect(read(args, environment).trial).toEqual([reason]);
  });

  it.each([
    [['slow'], {}, "there is no scenario 'slow'"],
    [[], { BENCH_ROUNDS: '0' }, 'BENCH_ROUNDS: expected a whole number from 1'],
    [[], { BENCH_SCALE: '2' }, 'BENCH_SCALE: expected a number above 0, at most 1'],
  ])('refuses %j with %j', (args, environment, message) => {
    expect(() => read(args, environment)).toThrow(message);
  });
});

it('scaled counts in whole hundreds, and never none', () => {
  expect([scaled(30_000, 1), scaled(30_000, 0.0301), scaled(1_000, 0.001)]).toEqual([30_000, 900, 100]);
});
