#!/usr/bin/env node
import { createRequire } from 'node:module';
import {
  commonSettings,
  countSetting,
  createLogger,
  didYouMean,
  durationSetting,
  EXIT,
  type ExitCode,
  HandlersInvalid,
  loadModule,
  onStopSignal,
  readConfig,
  reportFailure,
  showRedis,
} from '@bullpen/shared';
import { Command } from 'commander';
import { z } from 'zod';
import type { DrainSummary } from './drain.js';
import { type Handler, isHandler } from './handler.js';
import { startWorker } from './worker.js';
import { MOST_CONCURRENCY, type QueueOption } from './worker-options.js';

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
    schema: countSetting(MOST_CONCURRENCY).default(20),
  },
  drainTimeout: { flag: '--drain-timeout', env: 'BULLPEN_DRAIN_TIMEOUT', schema: durationSetting.default(25_000) },
  abortGrace: { flag: '--abort-grace', env: 'BULLPEN_ABORT_GRACE', schema: durationSetting.default(3_000) },
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
  .option('--until-empty', 'drain and exit when the queues hold nothing more to do, delayed jobs included')
  .option('--redis <url>', 'where Redis is (REDIS_URL; default redis://127.0.0.1:6379)')
  .option('--prefix <prefix>', 'first part of every key (BULLPEN_PREFIX; default bullpen)')
  .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (BULLPEN_LOG_LEVEL; default info)')
  .addHelpText(
    'after',
    `
SIGTERM and SIGINT drain: active attempts finish, what takes too long is handed back unspent. A second signal aborts at once.
Exit codes: 0 all finished, 75 some handed back, 70 some cut off unconfirmed, 69 Redis refused us, 64 usage,
1 anything else.`,
  )
  .exitOverride()
  .allowExcessArguments(false);

/** Runs a worker until a signal, or until its queues are empty; returns the exit code. */
async function main(argv: readonly string[]): Promise<ExitCode> {
  program.parse(argv);
  const config = readConfig(settings, program.opts());
  const log = createLogger({ level: config.logLevel });
  // Heard from here on: a signal while the worker starts is not lost.
  let signals = 0;
  let heard: (() => void) | undefined;
  const stopped = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const off = onStopSignal((signal, count) => {
    log.info({ signal }, count === 1 ? 'worker was told to stop; draining' : 'worker was told again; aborting');
    signals = count;
    heard?.();
    if (count > 1) worker?.hurry();
  });

  let worker: ReturnType<typeof startWorker> | undefined;
  try {
    const handlers = await loadHandlers(config.handlers);
    checkQueueNames(config.queue, handlers);
    worker = startWorker({
      handlers,
      redis: config.redis,
      prefix: config.prefix,
      ...(config.queue.length === 0 ? {} : { queues: config.queue }),
      concurrency: config.concurrency,
      drainTimeout: config.drainTimeout,
      abortGrace: config.abortGrace,
      logger: log,
    });
    const { serves } = worker;
    const ready = worker.ready.then(() => {
      if (signals === 0)
        log.info({ queues: serves, redis: showRedis(config.redis), prefix: config.prefix }, 'worker ready');
    });
    // Never over by itself, unless Redis refuses us: that ends the wait with the reason.
    const over = ready.then(() => (config.untilEmpty ? worker?.untilEmpty() : new Promise<void>(() => undefined)));
    await Promise.race([stopped, over]);
    const summary = await worker.drain();
    log.info(summary, 'worker stopped');
    return exitCodeAfter(summary);
  } finally {
    off();
  }
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

main(process.argv).then(
  (code) => process.exit(code),
  (error: unknown) => process.exit(reportFailure('bullpen-worker', error)),
);
