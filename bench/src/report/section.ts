import type { Heat } from '../running/heat.js';
import type { Results, Spread } from './results.js';
import { showNumber } from './show.js';

/** A target, and whether it was reached. */
export interface Target {
  readonly wanted: string;
  readonly measured: string;
  /** Undefined when it was not measured. */
  readonly reached: boolean | undefined;
}

/** A plot beside RESULTS.md. */
interface Plot {
  readonly file: string;
  readonly svg: string;
  /** What it shows, for readers who do not see it. */
  readonly alt: string;
}

/** A scenario's part of the results. */
export interface Section {
  readonly title: string;
  readonly text: readonly string[];
  readonly plots: readonly Plot[];
  readonly tables: readonly string[];
  readonly targets: readonly Target[];
}

/** What a scenario runs, and how its results are presented. */
export interface Scenario {
  readonly heats: readonly Heat[];
  tell(results: Results): Section;
}

/** A target for a measure, in its own words. */
export function target(
  wanted: string,
  spread: Spread | undefined,
  show: (spread: Spread) => string,
  isReached: (spread: Spread) => boolean,
): Target {
  if (spread === undefined) return { wanted, measured: 'not measured', reached: undefined };
  return { wanted, measured: show(spread), reached: isReached(spread) };
}

/** A target for the median of a ratio. */
export function ratioTarget(
  wanted: string,
  ratio: Spread | undefined,
  isReached: (median: number) => boolean,
  show: (median: number) => string = (median) => `${showNumber(median)} ×`,
): Target {
  return target(
    wanted,
    ratio,
    ({ median }) => show(median),
    ({ median }) => isReached(median),
  );
}
