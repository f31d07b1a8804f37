import type { Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;

/**
 * One series of a histogram. prom-client's own takes about a microsecond for a value, as it finds the series by its labels each time; a row of a shared job takes ten in all.
 */
export class Buckets {
  readonly #bounds: readonly number[];
  /** How many values fell between a bound and the one before; the last: beyond them all. */
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds the greatest value of each bucket, ascending */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] as number)) at += 1;
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#sum += value;
  }

  /** As Prometheus has it: each bucket holds all that is below its bound. */
  samples(name: string, labels: Labels): { metricName: string; labels: Labels; value: number }[] {
    let count = 0;
    const buckets = this.#counts.map((more, at) => {
      count += more;
      const le = String(this.#bounds[at] ?? '+Inf');
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
    });
    const rest = { sum: this.#sum, count };
    return [
      ...buckets,
      ...Object.entries(rest).map(([what, value]) => ({ metricName: `${name}_${what}`, labels, value })),
    ];
  }
}

/** A histogram as a registry is told it. */
export interface HistogramParts {
  readonly name: string;
  readonly help: string;
  /** All that there are, each with its labels. */
  readonly series: () => Iterable<readonly [labels: Labels, buckets: Buckets]>;
}

/**
 * Puts a histogram into a registry of prom-client.
 * @throws when the registry has a metric of this name already
 */
export function registerHistogram(registry: Registry, { name, help, series }: HistogramParts): void {
  const about = { name, help, type: 'histogram', aggregator: 'sum' };
  const values = () => [...series()].flatMap(([labels, buckets]) => buckets.samples(name, labels));
  // All that a registry asks of a metric: prom-client itself registers such, for the sums of a cluster. There is no way back to 0: a counter that falls is taken for a restart.
  const metric = { ...about, get: async () => ({ ...about, values: values() }), reset: () => undefined };
  registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0]);
}
