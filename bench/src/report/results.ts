import type { Sample } from '../running/heat.js';
import { type Spread, spreadOf } from './spread.js';

/** A number read from a sample. */
export type Measure = (sample: Sample) => number;

export const rate: Measure = ({ rows, ms }) => (rows / ms) * 1000;
export const msPerRow: Measure = ({ rows, ms }) => ms / rows;
export const ownCpuPerRow: Measure = ({ rows, ownCpuUs }) => ownCpuUs / rows;
export const redisCpuPerRow: Measure = ({ rows, redisCpuUs }) => redisCpuUs / rows;
export const commandsPerRow: Measure = ({ rows, commands }) => commands / rows;
export const bytesPerRow: Measure = ({ rows, redisBytes = Number.NaN }) => redisBytes / rows;
export const rssMb: Measure = (sample) => sample.rssMb;
export const p50Ms: Measure = (sample) => sample.p50Ms ?? Number.NaN;
export const p99Ms: Measure = (sample) => sample.p99Ms ?? Number.NaN;

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
