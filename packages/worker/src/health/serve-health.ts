import { OptionsInvalid } from '@bullpen/shared';
import { isPort, showValue } from '@bullpen/shared/internal';
import type { RunningWorker } from '../running-worker.js';
import type { HealthPort, HealthPortOptions } from './health-port.js';
import { countInto } from './metrics/measure.js';

/**
 * Tells over HTTP how a worker is that runs in this process: `/livez` and `/readyz` for probes,
 * `/metrics` for Prometheus, those of the process included. What `bullpen-worker` does with
 * `--health-port`. Call it right behind `startWorker`, and close it when the worker has drained.
 * @throws OptionsInvalid when the port is none, or cannot be opened
 */
export async function serveHealth(worker: RunningWorker, options: HealthPortOptions): Promise<HealthPort> {
  const { port } = options;
  if (!isPort(port)) {
    const reason = `expected a whole number from 0 to 65535, got ${showValue(port)}`;
    throw new OptionsInvalid('cannot open the health port', [{ path: 'port', reason }]);
  }
  // Loaded by those alone who want it: a worker without a port starts without a server's modules.
  const exposing = import('./metrics/exposition.js').then(({ Exposition }) => new Exposition());
  const stop = await countInto(
    worker,
    exposing.then((exposition) => exposition.add(worker)),
  );
  const exposition = await exposing;
  const { openHealthPort } = await import('./health-port.js');
  try {
    const told = { health: () => worker.health(), metrics: () => exposition.registry };
    const { close, ...open } = await openHealthPort(options, told);
    return { ...open, close: () => close().finally(stop) };
  } catch (error) {
    stop();
    throw error;
  }
}
