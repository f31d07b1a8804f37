import { createLogger, type Logger } from '@bullpen/shared';
import { EXIT, type ExitCode } from '@bullpen/shared/command';
import { onExit, onStopSignal, type StopSignal, showRedis } from '@bullpen/shared/internal';
import type { DrainSummary } from '../in-flight/drain.js';
import type { RunningWorker } from '../running-worker.js';
import { ExitReason } from './exit-reason.js';
import { endedByOthers, watchFaults } from './faults.js';
import { loadHandlers } from './handlers.js';
import { openHealth } from './process-health.js';
import type { WorkerConfig } from './program.js';
import { Watchdog } from './watchdog.js';

/**
 * Runs a worker until there is a reason to exit: a signal, empty queues, an uncaught error, stuck
 * slots.
 */
export async function run(config: WorkerConfig, takeOver: () => NodeJS.Signals[]): Promise<ExitCode> {
  const log = createLogger({ level: config.logLevel });
  const { redis, prefix, concurrency, drainTimeout, abortGrace, lease, events } = config;
  let worker: RunningWorker | undefined;
  const exitReason = new ExitReason();
  const watchdog = new Watchdog({
    drainTimeout,
    abortGrace,
    failed(error) {
      exitReason.end(EXIT.failure);
      log.fatal({ err: error }, 'watchdog failed; draining, because nothing would end this process if it hung');
    },
    isDeaf() {
      log.warn('watchdog cannot hear signals on this Node; a handler that blocks the event loop delays a stop');
    },
  });

  // The listener stays until the end: without it a signal would end the process before it has
  // written its last log lines.
  const told = (signal: StopSignal, count: number): void => {
    exitReason.end(EXIT.ok);
    exitReason.signals = count;
    log.info({ signal }, count === 1 ? 'worker was told to stop; draining' : 'worker was told again; aborting');
    if (count === 1) return;
    worker?.process.abortNow();
    watchdog.endIn(abortGrace);
  };
  onStopSignal(told, takeOver, (tell) => watchdog.onSignal(tell));
  const faults = watchFaults(() => worker, exitReason, log);
  const stopWatchingExit = onExit((code) => endedByOthers(code, worker, exitReason, log));
  try {
    const loading = openHealth(config, exitReason, log).then(async (health) => {
      // Not before the command line is read: help and wrong flags need no engine.
      const { startWorker } = await import('../worker.js');
      return { health, startWorker, handlers: await withReminder(log, loadHandlers(config.handlers, config.queue)) };
    });
    const loaded = await Promise.race([loading, exitReason.reached]);
    // The process was told to stop while the team's modules were loading, which may never end.
    if (loaded === undefined) {
      log.info('worker stopped before it started');
      watchdog.endIn(0);
      return exitReason.exitCode;
    }
    const { health, startWorker, handlers } = loaded;
    const queues = config.queue.length === 0 ? undefined : config.queue;
    const keep = {
      keepCompleted: { count: config.keepCompleted, age: config.keepCompletedFor },
      keepFailed: { count: config.keepFailed, age: config.keepFailedFor },
    };
    const { fetchAhead } = config;
    const options = {
      handlers,
      redis,
      prefix,
      queues,
      concurrency,
      drainTimeout,
      abortGrace,
      lease,
      events,
      fetchAhead,
      ...keep,
    };
    const running = startWorker({ ...options, logger: log });
    worker = running;
    watchdog.restWhile(() => running.active === 0);
    watchdog.onEnd(() => running.process.handBackAll());
    health.add(running);

    const ready = running.ready.then(() => {
      // Not before: a slow machine may load the engine for longer than a lease, and there is none yet.
      watchdog.guardLeases(lease);
      if (exitReason.isSet) return;
      log.info({ queues: running.serves, redis: showRedis(redis), prefix }, 'worker ready');
      if (config.untilEmpty) {
        const codes = { empty: EXIT.ok, paused: EXIT.interrupted, draining: EXIT.ok };
        void running.process.untilEmpty().then((why) => exitReason.end(codes[why]));
      }
    });
    const stopWatching = config.exitWhenStuck ? onStuck(running, log, () => exitReason.end(EXIT.failure)) : undefined;
    // `ready` rejects when Redis refuses us; that ends the wait, too.
    await Promise.race([exitReason.reached, ready.then(() => exitReason.reached)]);
    stopWatching?.();

    const hurried = exitReason.signals > 1;
    if (hurried) running.process.abortNow();
    watchdog.endIn((hurried ? 0 : drainTimeout) + abortGrace);
    const summary = await running.drain();
    faults.logRest();
    log.info(summary, 'worker stopped');
    return exitReason.exitCode === EXIT.ok || summary.cutOff > 0 ? exitCodeAfter(summary) : exitReason.exitCode;
  } finally {
    stopWatchingExit();
  }
}

const STILL_LOADING_MS = 10_000;

/**
 * Keeps the process alive while modules load, and logs a reminder. A module may wait for something
 * that never comes; without the timer Node would then exit silently.
 */
async function withReminder<T>(log: Logger, loading: Promise<T>): Promise<T> {
  const timer = setInterval(() => log.warn('handlers are still being loaded'), STILL_LOADING_MS);
  try {
    return await loading;
  } finally {
    clearInterval(timer);
  }
}

function exitCodeAfter({ cutOff, handedBack }: DrainSummary): ExitCode {
  if (cutOff > 0) return EXIT.cutOff;
  return handedBack > 0 ? EXIT.interrupted : EXIT.ok;
}

const STUCK_CHECK_MS = 1_000;

/**
 * Calls `listener` once, when the worker is no longer live. Returns a function that stops checking.
 */
function onStuck(worker: RunningWorker, log: Logger, listener: () => void): () => void {
  const timer = setInterval(() => {
    const { live, problems, stuck } = worker.health();
    if (live) return;
    clearInterval(timer);
    log.error({ problems, stuck }, 'worker is stuck; draining');
    listener();
  }, STUCK_CHECK_MS);
  return () => clearInterval(timer);
}
