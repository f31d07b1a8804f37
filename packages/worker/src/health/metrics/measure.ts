import { OptionsInvalid } from '@bullpen/shared';
import { optionFaults, showValue } from '@bullpen/shared/internal';
import type { Registry } from 'prom-client';
import type { WorkerEvent } from '../../events/observers.js';
import { asStarted, type RunningWorker } from '../../running-worker.js';

/**
 * Adds the metrics of a worker to a prom-client registry of yours, which you serve yourself. A
 * registry can have one worker. `docs/metrics.md` lists the metrics. Call it directly after
 * `startWorker`, so that no event is missed. Resolves when the registry has the metrics.
 * @param options your registry
 * @example
 * import { Registry } from 'prom-client';
 *
 * const registry = new Registry();
 * await measure(startWorker({ handlers, redis }), { registry });
 * console.log(await registry.metrics());
 * @throws OptionsInvalid for wrong options; Error when the registry already has the metrics of
 *   another worker
 */
export async function measure(worker: RunningWorker, options: { readonly registry: Registry }): Promise<void> {
  const faults = optionFaults(options, { registry: true }, 'measure');
  if (faults.length === 0 && typeof (options.registry as Partial<Registry> | null)?.registerMetric !== 'function') {
    faults.push({ path: 'registry', reason: `expected a prom-client registry, got ${showValue(options.registry)}` });
  }
  if (faults.length > 0) throw new OptionsInvalid('cannot measure the worker', faults);
  const { registry } = options;
  const started = asStarted(worker);
  const loading = import('./worker-metrics.js').then(({ WorkerMetrics }) => new WorkerMetrics(started, registry));
  await countInto(worker, loading);
}

/**
 * Counts the worker's events from now on. Events that come before the metrics are loaded are
 * counted afterwards, in order. (prom-client is loaded only where metrics are wanted.)
 * @returns a function that stops counting
 */
export async function countInto(
  worker: Pick<RunningWorker, 'observe'>,
  loading: Promise<{ count(event: WorkerEvent): void }>,
): Promise<() => void> {
  const early: WorkerEvent[] = [];
  let count = (event: WorkerEvent): void => void early.push(event);
  const stop = worker.observe((event) => count(event));
  try {
    const metrics = await loading;
    for (const event of early) metrics.count(event);
    count = (event) => metrics.count(event);
    return stop;
  } catch (error) {
    stop();
    throw error;
  }
}
