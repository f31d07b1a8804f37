import type { Heat } from '../running/heat.js';
import type { Claim } from './readme.js';
import type { Results } from './results.js';
import type { Target } from './target.js';

/** A plot beside RESULTS.md. */
export interface Plot {
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
  /** What of it stands in README.md. */
  readonly claims?: readonly Claim[];
}

/** What a scenario runs, and how its results are presented. */
export interface Scenario {
  readonly heats: readonly Heat[];
  /** More rounds would say nothing more: it measures what hardly varies. */
  readonly maxRounds?: number;
  tell(results: Results): Section;
}
