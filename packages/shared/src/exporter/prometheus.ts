import type { Exporter } from './exporter.js';
import { DEPTH_METRICS } from './queue-depth.js';

/**
 * Gauges of Node to which prom-client gives names of counters; `promtool check metrics` refuses
 * them. prom-client has better ones beside them, with a label for the type.
 */
export const MISNAMED_NODE_METRICS = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);

/** The methods of a prom-client gauge that we need. This package does not import prom-client. */
interface Settable {
  reset(): void;
  set(labels: Record<string, string>, value: number): void;
}

/**
 * Makes the options of the gauges that tell how many jobs queues hold, for prom-client's `new
 * Gauge` (add the registry). All gauges of one scrape share one count.
 */
export function depthGauges(exporter: Pick<Exporter, 'count'>) {
  return DEPTH_METRICS.map(({ name, help, labelNames, samplesOf }) => ({
    ...{ name, help, labelNames: [...labelNames] },
    async collect(this: Settable): Promise<void> {
      const depths = await exporter.count();
      this.reset();
      for (const { labels, value } of depths.flatMap(samplesOf)) this.set({ ...labels }, value);
    },
  }));
}
