import { describe, expect, it } from 'vitest';
import { sideOfOne, spreadOf } from './spread.js';

const oneToN = (n: number): number[] => Array.from({ length: n }, (_, at) => at + 1);

describe('spreadOf', () => {
  it('has the median, the least and the most, in whatever order values come', () => {
    expect(spreadOf([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5, rounds: 3, interval: undefined });
    expect(spreadOf([4, 1, 2, 100])?.median).toBe(3);
  });

  it('is undefined for nothing', () => {
    expect(spreadOf([])).toBeUndefined();
  });

  // From tables of the binomial distribution with p = 0.5.
  it.each([
    [5, undefined],
    [6, [1, 6]],
    [8, [1, 8]],
    [9, [2, 8]],
    [12, [3, 10]],
    [15, [4, 12]],
    [20, [6, 15]],
    [25, [8, 18]],
  ])('of %i rounds, the interval of the median is %j', (rounds, bounds) => {
    const interval = spreadOf(oneToN(rounds))?.interval;
    expect(interval && [interval.low, interval.high]).toEqual(bounds);
  });

  it('has the true median in its interval in at least 95 of 100 draws', () => {
    let seed = 20261129;
    const random = (): number => {
      seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
      return seed / 2 ** 32;
    };
    const draws = 20_000;
    let hits = 0;
    for (let draw = 0; draw < draws; draw += 1) {
      // The square is skewed, and its median is 0.25.
      const interval = spreadOf(Array.from({ length: 9 }, () => random() ** 2))?.interval;
      if (interval !== undefined && interval.low <= 0.25 && interval.high >= 0.25) hits += 1;
    }
    expect(hits / draws, 'the seed is 20261129').toBeGreaterThan(0.95);
  });
});

describe('sideOfOne', () => {
  const sideOf = (values: readonly number[]) => {
    const spread = spreadOf(values);
    return spread && sideOfOne(spread);
  };

  it('is above when all but one of nine rounds are, and below likewise', () => {
    expect(sideOf([0.5, 1.01, 1.01, 1.02, 1.02, 1.03, 1.03, 1.04, 9])).toBe('above');
    expect(sideOf([0.5, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.99, 3])).toBe('below');
  });

  it('is level when two rounds of nine say otherwise, however far the others are away', () => {
    expect(sideOf([0.9, 0.9, 2, 2, 2, 2, 2, 2, 2])).toBe('level');
    expect(sideOf([1, 1, 1, 1, 1, 1, 1, 1, 1])).toBe('level');
  });

  it('is not decided by eight rounds', () => {
    expect(sideOf([2, 2, 2, 2, 2, 2, 2, 2])).toBeUndefined();
  });
});
