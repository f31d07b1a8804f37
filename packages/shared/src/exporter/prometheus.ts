import type { Exporter } from './exporter.js';
import { DEPTH_METRICS } from './queue-depth.js';

/**
 * Node's gauges that prom-client calls by the names of counters: `promtool check metrics` refuses
 * them. There are better ones beside them, by type.
 */
export const MISNAMED_NODE_METRICS = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);

/** What is needed of a gauge of prom-client, which this package does not know. */
interface Settable {
  reset(): void;
  set(labels: Record<string, string>, value: number): void;
}

/**
 * The gauges of how many jobs queues hold, as `new Gauge` takes them but for the registry. One
 * count serves all of them: what is under way is shared by those who ask meanwhile.
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
