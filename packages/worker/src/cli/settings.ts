import {
  commonSettings,
  countSetting,
  durationFrom,
  durationSetting,
  eventsSettings,
  optional,
  optionalDurationFrom,
  portSetting,
  type Settings,
  settingSchema,
  showDuration,
  switchSetting,
  textSetting,
} from '@bullpen/shared/command';
import { DEFAULT_HEALTH_HOST } from '../health/health-port-options.js';
import { KEPT_JOBS } from '../in-flight/kept-jobs.js';
import { DEFAULTS, MAX_CONCURRENCY, MIN_LEASE_MS } from '../worker-options.js';
import { readQueues } from './queue-flags.js';

const NO_HANDLERS = 'name the module that exports your handlers (or set BULLPEN_HANDLERS)';

const keepForSetting = optionalDurationFrom(1_000, 'expected at least 1s');
const keptHelp = (value: number | string): string => `${value}, or as other workers of the queue were told`;

/** The settings of the command, in the order of the help. */
export const settings = {
  handlers: {
    flag: '--handlers <module>',
    env: 'BULLPEN_HANDLERS',
    schema: textSetting((text) => (text === '' ? NO_HANDLERS : undefined), NO_HANDLERS),
    help: 'ES module that exports handlers',
  },
  queue: {
    flag: '--queue <name[:concurrency]>',
    schema: settingSchema((value, refuse) => readQueues((value ?? []) as string[], refuse)),
    help: 'serve only this queue; repeat for more',
    repeatable: true,
  },
  concurrency: {
    flag: '--concurrency <n>',
    env: 'BULLPEN_CONCURRENCY',
    schema: countSetting(MAX_CONCURRENCY),
    default: DEFAULTS.concurrency,
    help: 'attempts at once, per queue',
  },
  drainTimeout: {
    flag: '--drain-timeout <duration>',
    env: 'BULLPEN_DRAIN_TIMEOUT',
    schema: durationSetting,
    default: DEFAULTS.drainTimeout,
    help: 'how long active attempts may go on after SIGTERM',
  },
  abortGrace: {
    flag: '--abort-grace <duration>',
    env: 'BULLPEN_ABORT_GRACE',
    schema: durationSetting,
    default: DEFAULTS.abortGrace,
    help: 'how long handlers may take to stop after their signal has aborted',
  },
  lease: {
    flag: '--lease <duration>',
    env: 'BULLPEN_LEASE',
    schema: durationFrom(MIN_LEASE_MS, 'expected at least 1s'),
    default: DEFAULTS.lease,
    help: 'how long a worker has a job without renewing its lease; the jobs of a killed worker start again within 1.5 times this',
  },
  keepCompleted: {
    flag: '--keep-completed <count>',
    env: 'BULLPEN_KEEP_COMPLETED',
    schema: optional(countSetting(Number.MAX_SAFE_INTEGER)),
    defaultHelp: keptHelp(KEPT_JOBS.keepCompleted),
    help: 'how many completed jobs a queue keeps',
  },
  keepCompletedFor: {
    flag: '--keep-completed-for <duration>',
    env: 'BULLPEN_KEEP_COMPLETED_FOR',
    schema: keepForSetting,
    defaultHelp: keptHelp(showDuration(KEPT_JOBS.keepCompletedFor)),
    help: 'how long a queue keeps a completed job, and the job its key',
  },
  keepFailed: {
    flag: '--keep-failed <count>',
    env: 'BULLPEN_KEEP_FAILED',
    schema: optional(countSetting(Number.MAX_SAFE_INTEGER)),
    defaultHelp: keptHelp(KEPT_JOBS.keepFailed),
    help: 'how many failed jobs a queue keeps',
  },
  keepFailedFor: {
    flag: '--keep-failed-for <duration>',
    env: 'BULLPEN_KEEP_FAILED_FOR',
    schema: keepForSetting,
    defaultHelp: keptHelp(showDuration(KEPT_JOBS.keepFailedFor)),
    help: 'how long a queue keeps a failed job',
  },
  ...eventsSettings,
  fetchAhead: {
    flag: '--fetch-ahead <1|0>',
    env: 'BULLPEN_FETCH_AHEAD',
    schema: switchSetting,
    default: '1',
    help: 'fetch quick jobs before there is a slot for them; with 0, what ended before a crash is never repeated',
  },
  exitWhenStuck: {
    flag: '--exit-when-stuck',
    env: 'BULLPEN_EXIT_WHEN_STUCK',
    schema: switchSetting,
    help: 'drain and exit 1 when all slots of a queue are stuck past their deadline',
  },
  healthPort: {
    flag: '--health-port <port>',
    env: 'BULLPEN_HEALTH_PORT',
    schema: optional(portSetting),
    defaultHelp: 'off',
    help: 'serve /livez, /readyz and, for Prometheus, /metrics over HTTP; 0 takes a free port',
  },
  healthHost: {
    flag: '--health-host <address>',
    env: 'BULLPEN_HEALTH_HOST',
    schema: textSetting((text) => (text === '' ? 'expected an address to listen on' : undefined)),
    default: DEFAULT_HEALTH_HOST,
    help: 'the address that the health port listens on',
  },
  untilEmpty: {
    flag: '--until-empty',
    schema: switchSetting,
    help: 'drain and exit when the queues hold nothing more to do, delayed jobs included; exit 75 when what is left is on paused queues',
  },
  ...commonSettings,
} satisfies Settings;
