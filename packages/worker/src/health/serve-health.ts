import { OptionsInvalid } from '@bullpen/shared';
import { isPort, type OptionTable, optionFaults, showValue } from '@bullpen/shared/internal';
import { asStarted, type RunningWorker } from '../running-worker.js';
import type { HealthPort } from './health-port.js';
import type { HealthPortOptions } from './health-port-options.js';
import { countInto } from './metrics/measure.js';

const OPTIONS: OptionTable<HealthPortOptions> = { port: true, host: true };

/**
 * Serves the health of a worker over HTTP: `/livez` and `/readyz` for probes, `/metrics` for
 * Prometheus (the metrics of the worker and of the process). `bullpen-worker` does this with
 * `--health-port`. Call it directly after `startWorker`, and close it when the worker has drained.
 * @example
 * const worker = startWorker({ handlers, redis });
 * const healthPort = await serveHealth(worker, { port: 9100 });
 * await worker.drain(); // when the process should end
 * await healthPort.close();
 * @throws OptionsInvalid for wrong options, and when the port cannot be opened
 */
export async function serveHealth(worker: RunningWorker, options: HealthPortOptions): Promise<HealthPort> {
  asStarted(worker, 'cannot open the health port');
  const faults = optionFaults(options, OPTIONS, 'serveHealth');
  if (faults.length > 0) throw new OptionsInvalid('cannot open the health port', faults);
  const { port } = options;
  if (!isPort(port)) {
    const reason = `expected a whole number from 0 to 65535, got ${showValue(port)}`;
    throw new OptionsInvalid('cannot open the health port', [{ path: 'port', reason }]);
  }
  // Loaded here, so that a worker without a health port starts without these modules.
  const exposing = import('./metrics/exposition.js').then(({ Exposition }) => new Exposition());
  const stop = await countInto(
    worker,
    exposing.then((exposition) => exposition.add(worker)),
  );
  const exposition = await exposing;
  const { openHealthPort } = await import('./health-port.js');
  try {
    const source = { health: () => worker.health(), metrics: () => exposition.registry };
    const { close, ...open } = await openHealthPort(options, source);
    return { ...open, close: () => close().finally(stop) };
  } catch (error) {
    stop();
    throw error;
  }
}
