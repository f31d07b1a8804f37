import { createLogger, isJob, type JobDefinition, type Logger, ModuleInvalid, OptionsInvalid } from '@bullpen/shared';
import {
  type Config,
  commonSettings,
  durationSetting,
  loadModule,
  readConfig,
  type Setting,
  suggest,
} from '@bullpen/shared/internal';
import type { Command } from 'commander';
import { z } from 'zod';
import { createProducer } from '../create-producer.js';
import type { Producer } from '../producer.js';

/** The settings of every command of the producer. */
const settings = {
  ...commonSettings,
  jobs: { flag: '--jobs', env: 'BULLPEN_JOBS', schema: z.string().optional() },
  redisTimeout: { flag: '--redis-timeout', env: 'BULLPEN_REDIS_TIMEOUT', schema: durationSetting.default(5_000) },
  json: { flag: '--json', schema: z.boolean().default(false) },
} satisfies Record<string, Setting>;

/** `--priority` of the commands that enqueue. */
export const prioritySetting = {
  flag: '--priority',
  schema: z.string().regex(/^\d+$/, 'expected a whole number').transform(Number).optional(),
} satisfies Setting;

/** What a command works with: its settings, a logger on stderr, and a way to a producer. */
export interface Session<T extends Record<string, Setting>> {
  readonly config: Config<typeof settings & T>;
  readonly log: Logger;
  /** Opens the producer; for commands that get as far as needing Redis. */
  readonly open: () => Producer;
}

/**
 * Reads the settings that all commands share and those of this one.
 * @throws ConfigInvalid with every fault at once
 */
export function startSession<T extends Record<string, Setting>>(command: Command, own: T): Session<T> {
  const config = readConfig({ ...settings, ...own }, command.optsWithGlobals()) as Config<typeof settings & T>;
  const { redis, prefix, redisTimeout, logLevel } = config as Config<typeof settings>;
  return {
    config,
    log: createLogger({ level: logLevel, to: 'stderr' }),
    open: () => createProducer({ redis, prefix, redisTimeout }),
  };
}

/**
 * Finds a job by its name in the module given with --jobs.
 * @throws ModuleInvalid, OptionsInvalid (with a suggestion when the name is nearly right)
 */
export async function findJob(path: string | undefined, name: string): Promise<JobDefinition> {
  if (path === undefined)
    throw new OptionsInvalid('which jobs?', [
      { path: '--jobs', reason: 'name the module that exports your job definitions (or set BULLPEN_JOBS)' },
    ]);
  const jobs = (await loadModule(path, '--jobs')).flat().filter(isJob);
  if (jobs.length === 0) throw new ModuleInvalid(`--jobs: ${path} exports no job; export what defineJob() returns`);
  const job = jobs.find((candidate) => candidate.name === name);
  if (job !== undefined) return job;
  const names = jobs.map((candidate) => candidate.name);
  const hint = suggest(name, names) || ` It has: ${names.join(', ')}.`;
  throw new OptionsInvalid('no such job', [{ path: '<job>', reason: `${path} has no job '${name}'.${hint}` }]);
}

/** Runs `work` with a producer and closes it whatever happens. */
export async function withProducer<T>(producer: Producer, work: (producer: Producer) => Promise<T>): Promise<T> {
  try {
    return await work(producer);
  } finally {
    await producer.close();
  }
}
