import {
  type Config,
  commonOptions,
  commonSettings,
  countSetting,
  durationSetting,
  portSetting,
  readConfig,
  switchSetting,
} from '@bullpen/shared/internal';
import { Command } from 'commander';
import { z } from 'zod';
import { VERSION } from '../version.js';
import { DEFAULTS, MAX_CONCURRENCY, MIN_LEASE_MS, type QueueOption } from '../worker-options.js';

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
    schema: countSetting(MAX_CONCURRENCY).default(DEFAULTS.concurrency),
  },
  drainTimeout: { flag: '--drain-timeout', env: 'BULLPEN_DRAIN_TIMEOUT', schema: durationSetting.default(25_000) },
  abortGrace: { flag: '--abort-grace', env: 'BULLPEN_ABORT_GRACE', schema: durationSetting.default(3_000) },
  lease: {
    flag: '--lease',
    env: 'BULLPEN_LEASE',
    schema: durationSetting.default(10_000).refine((ms) => ms >= MIN_LEASE_MS, 'expected at least 1s'),
  },
  exitWhenStuck: { flag: '--exit-when-stuck', env: 'BULLPEN_EXIT_WHEN_STUCK', schema: switchSetting },
  healthPort: { flag: '--health-port', env: 'BULLPEN_HEALTH_PORT', schema: portSetting.optional() },
  healthHost: {
    flag: '--health-host',
    env: 'BULLPEN_HEALTH_HOST',
    schema: z.string().min(1, 'expected an address to listen on').default('0.0.0.0'),
  },
  queue: { flag: '--queue', schema: z.array(z.string()).default([]).transform(readQueues) },
  untilEmpty: { flag: '--until-empty', schema: z.boolean().default(false) },
};

const program = new Command('bullpen-worker')
  .description('Attempts the jobs of one or more queues until it is told to stop.')
  .version(VERSION)
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
  .option(
    '--health-port <port>',
    'tell over HTTP how it is: /livez, /readyz, and /metrics for Prometheus; 0 takes a free port (BULLPEN_HEALTH_PORT; default off)',
  )
  .option('--health-host <address>', 'listen there for it (BULLPEN_HEALTH_HOST; default 0.0.0.0)')
  .option('--until-empty', 'drain and exit when the queues hold nothing more to do, delayed jobs included')
  .option(...commonOptions.redis)
  .option(...commonOptions.prefix)
  .option(...commonOptions.logLevel)
  .addHelpText(
    'after',
    `
SIGTERM and SIGINT drain: active attempts finish, what takes too long is handed back unspent. A second signal aborts at once.
Exit codes: 0 all finished, 75 some handed back, 70 some cut off unconfirmed (or ended by the watchdog), 69 Redis refused us,
64 usage, 1 anything else: code of a handler crashed, all slots were stuck.`,
  )
  .exitOverride()
  .allowExcessArguments(false);

/** What the command was told. */
export type WorkerConfig = Config<typeof settings>;

/**
 * Reads the command line and the environment.
 * @throws CommanderError for the command line (help and version included), ConfigInvalid with every
 *   fault of the values
 */
export function readCommandLine(argv: readonly string[]): WorkerConfig {
  program.parse(argv);
  return readConfig(settings, program.opts());
}

function readQueues(values: readonly string[], context: z.core.$RefinementCtx): QueueOption[] {
  const names = values.map((value) => value.replace(/:.*/, ''));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) context.addIssue({ code: 'custom', message: `names '${twice}' twice` });
  return values.map((value) => {
    const [, name = '', concurrency] = /^([^:]+)(?::(\d{1,5}))?$/.exec(value) ?? [];
    if (name === '' || Number(concurrency ?? 1) < 1 || Number(concurrency ?? 1) > MAX_CONCURRENCY) {
      context.addIssue({ code: 'custom', message: `expected name or name:concurrency, got '${value}'` });
    }
    return concurrency === undefined ? { name } : { name, concurrency: Number(concurrency) };
  });
}
