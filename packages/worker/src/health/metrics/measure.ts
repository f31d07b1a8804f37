import type { Registry } from 'prom-client';
import type { WorkerEvent } from '../../events/observers.js';
import type { RunningWorker } from '../../running-worker.js';

/**
 * Puts the metrics of a worker into a registry of prom-client: yours, which you serve yourself. One
 * worker to a registry. docs/metrics.md has them all. Call it right behind `startWorker`, and
 * nothing is missed.
 * @returns when they are there
 * @throws when the registry has metrics of these names already: those of another worker
 */
export async function measure(worker: RunningWorker, { registry }: { readonly registry: Registry }): Promise<void> {
  const loading = import('./worker-metrics.js').then(({ WorkerMetrics }) => new WorkerMetrics(worker, registry));
  await countInto(worker, loading);
}

/**
 * Counts what happens from now on, by metrics that are still being loaded: prom-client is loaded by
 * those alone who want it.
 * @returns a function that ends the counting
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
