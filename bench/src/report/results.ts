import type { Sample } from '../running/heat.js';

/** The middle of several rounds, and how far apart they were. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** A number read from a sample. */
export type Measure = (sample: Sample) => number;

export const rate: Measure = ({ rows, ms }) => (rows / ms) * 1000;
export const usPerRow: Measure = ({ rows, ms }) => (ms * 1000) / rows;
export const ownCpuPerRow: Measure = ({ rows, ownCpuUs }) => ownCpuUs / rows;
export const redisCpuPerRow: Measure = ({ rows, redisCpuUs }) => redisCpuUs / rows;
export const bytesPerRow: Measure = ({ rows, redisBytes }) => redisBytes / rows;
export const rssMb: Measure = (sample) => sample.rssMb;

/** The samples of a run. An answer is undefined when nothing was measured. */
export class Results {
  readonly #samples: readonly Sample[];

  constructor(samples: readonly Sample[]) {
    this.#samples = samples;
  }

  /** One entrant, over all rounds. */
  of(heat: string, label: string, measure: Measure): Spread | undefined {
    return spreadOf(this.#find(heat, label).map(measure));
  }

  /** The ratio of two entrants, round by round: what slows down a whole round cancels out. */
  ratio(heat: string, label: string, to: string, measure: Measure): Spread | undefined {
    const others = this.#find(heat, to);
    const ratios = this.#find(heat, label).flatMap((sample) => {
      const other = others.find(({ round }) => round === sample.round);
      return other === undefined ? [] : [measure(sample) / measure(other)];
    });
    return spreadOf(ratios);
  }

  #find(heat: string, label: string): Sample[] {
    return this.#samples.filter((sample) => sample.heat === heat && sample.label === label);
  }
}

/** The median of an even number of values is the mean of the two in the middle. */
function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  const upper = sorted[Math.floor(sorted.length / 2)];
  if (lower === undefined || upper === undefined) return undefined;
  return { median: (lower + upper) / 2, min: sorted[0] as number, max: sorted.at(-1) as number };
}
