import { MISNAMED_NODE_METRICS } from '@bullpen/shared/internal';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { asStarted, type RunningWorker } from '../../running-worker.js';
import { WorkerMetrics } from './worker-metrics.js';

let processRegistry: Registry | undefined;

/**
 * Metrics of this process: event loop, heap, CPU, file descriptors. There is one registry for the
 * life of the process, because prom-client cannot stop collecting them.
 */
function processMetrics(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
    for (const name of MISNAMED_NODE_METRICS) processRegistry.removeSingleMetric(name);
  }
  return processRegistry;
}

/** What `/metrics` answers: metrics of the process, and of the worker as soon as there is one. */
export class Exposition {
  #registry = processMetrics();

  get registry(): Registry {
    return this.#registry;
  }

  /** Adds the metrics of this worker. The caller passes the worker's events to them. */
  add(worker: RunningWorker): WorkerMetrics {
    const registry = new Registry();
    const metrics = new WorkerMetrics(asStarted(worker), registry);
    this.#registry = Registry.merge([registry, processMetrics()]);
    return metrics;
  }
}
