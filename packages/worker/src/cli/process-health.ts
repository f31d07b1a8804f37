import type { Logger } from '@bullpen/shared';
import type { Health } from '../in-flight/health.js';
import type { RunningWorker } from '../running-worker.js';
import type { ExitReason } from './exit-reason.js';
import type { WorkerConfig } from './program.js';

/** The health port of a process whose worker may not have started yet. */
export interface ProcessHealth {
  /** From now on the port serves the health and the metrics of this worker. */
  add(worker: RunningWorker): void;
}

/**
 * Opens the port of `--health-port`, if it was given. The port stays open until the process ends,
 * so that probes are answered during the drain, and no open connection delays the end.
 * @throws OptionsInvalid when the port cannot be opened
 */
export async function openHealth(config: WorkerConfig, exitReason: ExitReason, log: Logger): Promise<ProcessHealth> {
  const { healthPort, healthHost } = config;
  if (healthPort === undefined) return { add: () => undefined };
  // Loaded here, so that a worker without a health port starts without these modules.
  const [{ openHealthPort }, { Exposition }] = await Promise.all([
    import('../health/health-port.js'),
    import('../health/metrics/exposition.js'),
  ]);
  const exposition = new Exposition();
  let worker: RunningWorker | undefined;
  const { host, port } = await openHealthPort(
    { port: healthPort, host: healthHost },
    { health: () => worker?.health() ?? withoutWorker(exitReason), metrics: () => exposition.registry },
  );
  log.info({ host, port }, 'health port is open');
  return {
    add(running) {
      const metrics = exposition.add(running);
      running.observe((event) => metrics.count(event));
      worker = running;
    },
  };
}

/** The health of a process that still loads its handlers, or was told to stop meanwhile. */
function withoutWorker({ isSet }: ExitReason): Health {
  const problem = isSet ? 'the worker is draining' : 'the worker is starting';
  return {
    ...{ live: true, ready: false, connected: false, draining: isSet, problems: [problem], warnings: [] },
    ...{ clockSkewMs: undefined, stuck: [] },
  };
}
