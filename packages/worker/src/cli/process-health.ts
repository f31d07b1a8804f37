import type { Logger } from '@bullpen/shared';
import type { Health } from '../in-flight/health.js';
import type { RunningWorker } from '../running-worker.js';
import type { ExitReason } from './exit-reason.js';
import type { WorkerConfig } from './program.js';

/** The health of a process whose worker may not be there yet. */
export interface ProcessHealth {
  /** Tells of this worker from now on. */
  add(worker: RunningWorker): void;
}

/**
 * Opens the port of `--health-port`, if there is one. It is never closed: it ends with the process,
 * last of all, and waits for nobody who would keep a connection.
 * @throws OptionsInvalid when it cannot be opened
 */
export async function openHealth(config: WorkerConfig, exitReason: ExitReason, log: Logger): Promise<ProcessHealth> {
  const { healthPort, healthHost } = config;
  if (healthPort === undefined) return { add: () => undefined };
  // Loaded by those alone who want it: a worker without a port starts as quickly as ever.
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

/** Of a process that is still loading its handlers, or was told to stop while it did. */
function withoutWorker({ isSet }: ExitReason): Health {
  const problem = isSet ? 'the worker is draining' : 'the worker is starting';
  return { live: true, ready: false, connected: false, draining: isSet, problems: [problem], stuck: [] };
}
