import { showNumber, showRatio } from './show.js';
import { type Side, type Spread, sideOfOne } from './spread.js';

/** A target, and whether it was reached. */
export interface Target {
  readonly wanted: string;
  readonly measured: string;
  /** Undefined when it was not measured, or not in enough rounds. */
  readonly reached: boolean | undefined;
}

/** A target for a measure, in its own words. */
export function target(
  wanted: string,
  spread: Spread | undefined,
  show: (spread: Spread) => string,
  isReached: (spread: Spread) => boolean | undefined,
): Target {
  if (spread === undefined) return { wanted, measured: 'not measured', reached: undefined };
  return { wanted, measured: show(spread), reached: isReached(spread) };
}

/** The median of a ratio is at least so much. */
export const atLeast = (wanted: string, least: number, ratio: Spread | undefined): Target =>
  target(`${wanted}: at least ${showNumber(least)} ×`, ratio, showRatio, ({ median }) => median >= least);

/** The median of a ratio is at most so much. */
export const atMost = (wanted: string, most: number, ratio: Spread | undefined): Target =>
  target(`${wanted}: at most ${showNumber(most)} ×`, ratio, showRatio, ({ median }) => median <= most);

/** A ratio of speeds that is at least 1; level is good enough. */
export const notSlower = (wanted: string, ratio: Spread | undefined): Target => notOn('below', wanted, ratio);

/** A ratio of costs that is at most 1; level is good enough. */
export const notDearer = (wanted: string, ratio: Spread | undefined): Target => notOn('above', wanted, ratio);

const notOn = (bad: Side, wanted: string, ratio: Spread | undefined): Target =>
  target(wanted, ratio, showSide, (spread) => {
    const side = sideOfOne(spread);
    return side === undefined ? undefined : side !== bad;
  });

/** How fast something is against one peer. */
export interface ToPeer {
  readonly peer: string;
  readonly ratio: Spread | undefined;
}

/** It is faster than every peer. The peer that comes closest is named. */
export const fasterThanAll = (wanted: string, peers: readonly ToPeer[]): Target =>
  closest(wanted, peers, (spread) => {
    const side = sideOfOne(spread);
    return side === undefined ? undefined : side === 'above';
  });

/** No peer is ahead by more than 3 %. The peer that comes closest is named. */
export const notFarBehind = (wanted: string, peers: readonly ToPeer[]): Target =>
  closest(wanted, peers, ({ median }) => median >= 1 / 1.03);

function closest(wanted: string, peers: readonly ToPeer[], isReached: (spread: Spread) => boolean | undefined): Target {
  const measured = peers.flatMap(({ peer, ratio }) => (ratio === undefined ? [] : [{ peer, ratio }]));
  const [first] = measured.toSorted((a, b) => a.ratio.median - b.ratio.median);
  // A peer that could not be measured may be the fastest.
  const missing = peers.filter(({ ratio }) => ratio === undefined).map(({ peer }) => `; ${peer}: not measured`);
  const reached = measured.map(({ ratio }) => isReached(ratio));
  const all = missing.length === 0 && !reached.includes(undefined);
  const shown = first === undefined ? 'not measured' : `${first.peer}: ${showSide(first.ratio)}`;
  return {
    wanted,
    measured: `${shown}${missing.join('')}`,
    reached: reached.includes(false) ? false : all ? true : undefined,
  };
}

const showSide = (ratio: Spread): string =>
  sideOfOne(ratio) === 'level' ? `${showRatio(ratio)}, level` : showRatio(ratio);
