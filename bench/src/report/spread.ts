/** The middle of several rounds, and how far apart they were. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
  /** Where the true median is, with at least 95 % confidence; undefined for fewer than six rounds. */
  readonly interval: Interval | undefined;
}

/** Two bounds; both belong to it. */
interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Fewer rounds decide nothing. */
export const DECISIVE_ROUNDS = 9;

/** Where a ratio is. */
export type Side = 'above' | 'below' | 'level';

/** Undefined without values. The median of an even number of values is the mean of the two in the middle. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  const upper = sorted[Math.floor(sorted.length / 2)];
  const [min] = sorted;
  const max = sorted.at(-1);
  if (lower === undefined || upper === undefined || min === undefined || max === undefined) return undefined;
  return { median: (lower + upper) / 2, min, max, rounds: sorted.length, interval: intervalOf(sorted) };
}

/**
 * The interval of the median by order statistics: it asks nothing of how the values are
 * distributed. Each value is below the true median like a coin that falls on heads; so the k-th
 * least is above it as rarely as fewer than k heads come. The k-th least and the k-th most, for the
 * greatest k at which that, on both sides together, is at most 5 %: of nine values the second least
 * and the second most (96 %).
 */
function intervalOf(sorted: readonly number[]): Interval | undefined {
  const tosses = sorted.length;
  let ways = 1; // how many of the 2^tosses results have exactly `heads` heads
  let outside = 0;
  let interval: Interval | undefined;
  for (let heads = 0; heads < tosses / 2; heads += 1) {
    outside += (2 * ways) / 2 ** tosses;
    if (outside > 0.05) break;
    const [low, high] = [sorted[heads], sorted[tosses - 1 - heads]];
    if (low !== undefined && high !== undefined) interval = { low, high };
    ways = (ways * (tosses - heads)) / (heads + 1);
  }
  return interval;
}

/**
 * Whether a ratio is above 1 or below it: that takes nine rounds, and an interval that lies on one
 * side of 1 altogether; else it is level. Undefined when there were fewer rounds.
 */
export function sideOfOne({ rounds, interval }: Spread): Side | undefined {
  if (rounds < DECISIVE_ROUNDS || interval === undefined) return undefined;
  if (interval.low > 1) return 'above';
  return interval.high < 1 ? 'below' : 'level';
}
