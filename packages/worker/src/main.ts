import { createRequire } from 'node:module';
import {
  type Config,
  commonSettings,
  countSetting,
  createLogger,
  didYouMean,
  durationSetting,
  EXIT,
  type ExitCode,
  HandlersInvalid,
  type Logger,
  loadModule,
  onFault,
  onStopSignal,
  readConfig,
  reportFailure,
  showRedis,
  switchSetting,
} from '@bullpen/shared';
import { Command } from 'commander';
import { z } from 'zod';
import type { DrainSummary } from './drain.js';
import { type Handler, isHandler } from './handler.js';
import { Watchdog } from './watchdog.js';
import { type RunningWorker, startWorker } from './worker.js';
import { DEFAULTS, MOST_CONCURRENCY, type QueueOption } from './worker-options.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

const NO_HANDLERS = 'name the module that exports your handlers (or set BULLPEN_HANDLERS)';

const settings = {
  ...commonSettings,
  handlers: {
    flag: '--handlers',
    env: 'BULLPEN_HANDLERS',
    schema: z.string(NO_HANDLERS).min(1, NO_HANDLERS),
  },
  concurrency: {
    flag: '--concurrency',
    env: 'BULLPEN_CONCURRENCY',
    schema: countSetting(MOST_CONCURRENCY).default(DEFAULTS.concurrency),
  },
  drainTimeout: { flag: '--drain-timeout', env: 'BULLPEN_DRAIN_TIMEOUT', schema: durationSetting.default(25_000) },
  abortGrace: { flag: '--abort-grace', env: 'BULLPEN_ABORT_GRACE', schema: durationSetting.default(3_000) },
  lease: { flag: '--lease', env: 'BULLPEN_LEASE', schema: durationSetting.default(10_000) },
  exitWhenStuck: { flag: '--exit-when-stuck', env: 'BULLPEN_EXIT_WHEN_STUCK', schema: switchSetting },
  queue: { flag: '--queue', schema: z.array(z.string()).default([]).transform(readQueues) },
  untilEmpty: { flag: '--until-empty', schema: z.boolean().default(false) },
};

const program = new Command('bullpen-worker')
  .description('Attempts the jobs of one or more queues until it is told to stop.')
  .version(version)
  .option('--handlers <module>', 'ES module that exports handlers (BULLPEN_HANDLERS)')
  .option('--queue <name[:concurrency]>', 'serve only this queue; repeat for more', (value, all: string[] = []) => [
    ...all,
    value,
  ])
  .option('--concurrency <n>', 'attempts at once, per queue (BULLPEN_CONCURRENCY; default 20)')
  .option(
    '--drain-timeout <duration>',
    'how long active attempts may go on after SIGTERM (BULLPEN_DRAIN_TIMEOUT; default 25s)',
  )
  .option(
    '--abort-grace <duration>',
    'how long handlers may take to heed their signal after that (BULLPEN_ABORT_GRACE; default 3s)',
  )
  .option(
    '--lease <duration>',
    "how long a job is ours unrenewed; a killed worker's jobs start again within 1.5 times this (BULLPEN_LEASE; default 10s)",
  )
  .option(
    '--exit-when-stuck',
    'drain and exit 1 when all slots of a queue are stuck past their deadline (BULLPEN_EXIT_WHEN_STUCK=1)',
  )
  .option('--until-empty', 'drain and exit when the queues hold nothing more to do, delayed jobs included')
  .option('--redis <url>', 'where Redis is (REDIS_URL; default redis://127.0.0.1:6379)')
  .option('--prefix <prefix>', 'first part of every key (BULLPEN_PREFIX; default bullpen)')
  .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (BULLPEN_LOG_LEVEL; default info)')
  .addHelpText(
    'after',
    `
SIGTERM and SIGINT drain: active attempts finish, what takes too long is handed back unspent. A second signal aborts at once.
Exit codes: 0 all finished, 75 some handed back, 70 some cut off unconfirmed (or ended by the watchdog), 69 Redis refused us,
64 usage, 1 anything else: code of a handler crashed, all slots were stuck.`,
  )
  .exitOverride()
  .allowExcessArguments(false);

/**
 * Runs the command and returns what to exit with.
 * @param heardEarly stops hearing the signals that come before we can act on them, and returns them
 */
export async function runCommand(argv: readonly string[], heardEarly: () => NodeJS.Signals[]): Promise<ExitCode> {
  try {
    program.parse(argv);
    return await run(readConfig(settings, program.opts()), heardEarly);
  } catch (error) {
    return reportFailure('bullpen-worker', error);
  }
}

/** Runs a worker until something ends it: a signal, empty queues, a fault of a handler, stuck slots. */
async function run(config: Config<typeof settings>, heardEarly: () => NodeJS.Signals[]): Promise<ExitCode> {
  const log = createLogger({ level: config.logLevel });
  const { drainTimeout, abortGrace } = config;
  let worker: RunningWorker | undefined;
  let watchdog: Watchdog | undefined;
  /** What the process exits with at least, once something has ended its work. */
  let ending: ExitCode | undefined;
  let heard: (() => void) | undefined;
  const over = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const end = (code: ExitCode): void => {
    ending ??= code;
    heard?.();
  };

  const deafen = [
    onStopSignal((signal, count) => {
      log.info({ signal }, count === 1 ? 'worker was told to stop; draining' : 'worker was told again; aborting');
      end(EXIT.ok);
      if (count === 1) return;
      worker?.hurry();
      watchdog?.endIn(abortGrace);
    }, heardEarly()),
    onFault((error) => {
      const job = worker?.blame(error);
      const suspects = job === undefined ? { activeJobIds: worker?.activeJobIds() } : job;
      log.fatal({ err: error, ...suspects }, 'nobody caught an error; draining, as nothing is certain any more');
      end(EXIT.failure);
    }),
  ];
  try {
    const handlers = await loadHandlers(config.handlers);
    checkQueueNames(config.queue, handlers);
    watchdog = new Watchdog(config.lease, log);
    const { redis, prefix, concurrency, lease } = config;
    const queues = config.queue.length === 0 ? {} : { queues: config.queue };
    worker = startWorker({
      handlers,
      redis,
      prefix,
      ...queues,
      concurrency,
      drainTimeout,
      abortGrace,
      lease,
      logger: log,
    });
    const running = worker;
    const ready = running.ready.then(() => {
      if (ending !== undefined) return;
      log.info({ queues: running.serves, redis: showRedis(redis), prefix }, 'worker ready');
      if (config.untilEmpty) void running.untilEmpty().then(() => end(EXIT.ok));
    });
    const stopWatching = config.exitWhenStuck ? onStuck(running, log, () => end(EXIT.failure)) : undefined;
    // `ready` ends the wait only when Redis refuses us, with the reason.
    await Promise.race([over, ready.then(() => over)]);
    stopWatching?.();
    watchdog.endIn(drainTimeout + abortGrace);
    const summary = await running.drain();
    log.info(summary, 'worker stopped');
    return ending === EXIT.ok || summary.cutOff > 0 ? exitCodeAfter(summary) : (ending ?? EXIT.ok);
  } finally {
    for (const off of deafen) off();
  }
}

const STUCK_CHECK_MS = 1_000;

/** Calls `listener` when the worker is no longer live. */
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

function exitCodeAfter({ cutOff, handedBack }: DrainSummary): ExitCode {
  if (cutOff > 0) return EXIT.cutOff;
  return handedBack > 0 ? EXIT.interrupted : EXIT.ok;
}

async function loadHandlers(path: string): Promise<Handler[]> {
  const handlers = [...new Set((await loadModule(path, '--handlers')).flat())].filter(isHandler);
  if (handlers.length > 0) return handlers;
  throw new HandlersInvalid('cannot start the worker', [
    { path: '--handlers', reason: `${path} exports no handler; export what handle() returns` },
  ]);
}

function checkQueueNames(queues: readonly QueueOption[], handlers: readonly Handler[]): void {
  const known = [...new Set(handlers.map(({ job }) => job.queue))];
  const faults = queues
    .filter(({ name }) => !known.includes(name))
    .map(({ name }) => ({
      path: '--queue',
      reason: `no handler is for queue '${name}'.${didYouMean(name, known) || ` There is: ${known.join(', ')}.`}`,
    }));
  if (faults.length > 0) throw new HandlersInvalid('cannot start the worker', faults);
}

function readQueues(values: readonly string[], context: z.core.$RefinementCtx): QueueOption[] {
  const names = values.map((value) => value.replace(/:.*/, ''));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) context.addIssue({ code: 'custom', message: `names '${twice}' twice` });
  return values.map((value) => {
    const [, name = '', concurrency] = /^([^:]+)(?::(\d{1,5}))?$/.exec(value) ?? [];
    if (name === '' || Number(concurrency ?? 1) < 1 || Number(concurrency ?? 1) > MOST_CONCURRENCY) {
      context.addIssue({ code: 'custom', message: `expected name or name:concurrency, got '${value}'` });
    }
    return concurrency === undefined ? { name } : { name, concurrency: Number(concurrency) };
  });
}
