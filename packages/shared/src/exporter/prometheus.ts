import type { Exporter } from './exporter.js';
import { DEPTH_METRICS } from './queue-depth.js';

/**
 * Gauges of Node to which prom-client gives names of counters; `promtool check metrics` refuses
 * them. prom-client has better ones beside them, with a label for the type.
 */
export const MISNAMED_NODE_METRICS = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);

/** The part of prom-client that we need. This package does not import prom-client. */
interface PromClient {
  readonly Gauge: new (options: DepthOptions) => unknown;
  readonly Counter: new (options: DepthOptions) => unknown;
}

interface DepthOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: never[];
  collect(this: Collected): Promise<void>;
}

/** A counter of prom-client has `inc`, a gauge has both. */
interface Collected {
  reset(): void;
  inc(labels: Record<string, string>, value: number): void;
}

/**
 * Adds the metrics that tell how many jobs queues hold to a registry of prom-client. All of one
 * scrape share one count.
 */
export function addDepthMetrics(
  { Gauge, Counter }: PromClient,
  registry: unknown,
  exporter: Pick<Exporter, 'count'>,
): void {
  for (const { name, help, labelNames, samplesOf } of DEPTH_METRICS) {
    const Metric = name.endsWith('_total') ? Counter : Gauge;
    new Metric({
      ...{ name, help, labelNames: [...labelNames], registers: [registry as never] },
      async collect() {
        const depths = await exporter.count();
        this.reset();
        for (const { labels, value } of depths.flatMap(samplesOf)) this.inc({ ...labels }, value);
      },
    });
  }
}
