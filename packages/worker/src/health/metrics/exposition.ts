import { MISNAMED_NODE_METRICS } from '@bullpen/shared/internal';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { RunningWorker } from '../../running-worker.js';
import { WorkerMetrics } from './worker-metrics.js';

let ofProcess: Registry | undefined;

/**
 * What Node tells of this process: event loop, heap, CPU, file descriptors. Watched from the first
 * call on, once and for good: prom-client knows no end to it.
 */
function processMetrics(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
    for (const name of MISNAMED_NODE_METRICS) ofProcess.removeSingleMetric(name);
  }
  return ofProcess;
}

/** What `/metrics` tells: of the process, and of the worker in it as soon as there is one. */
export class Exposition {
  #registry = processMetrics();

  get registry(): Registry {
    return this.#registry;
  }

  /** Tells of this worker from now on; what is counted of it is given to what this returns. */
  add(worker: RunningWorker): WorkerMetrics {
    const registry = new Registry();
    const metrics = new WorkerMetrics(worker, registry);
    this.#registry = Registry.merge([registry, processMetrics()]);
    return metrics;
  }
}
