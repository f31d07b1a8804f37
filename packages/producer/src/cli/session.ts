import { resolve } from 'node:path';
import { isJob, type JobDefinition, ModuleInvalid, OptionsInvalid } from '@bullpen/shared';
import { type Config, type ExitCode, readConfig, reportFailure, type Settings } from '@bullpen/shared/command';
import { loadModule, onExit, suggest } from '@bullpen/shared/internal';
import type { Command } from 'commander';
import type { Producer, ProducerOptions } from '../producer.js';
import { globalSettings } from './settings.js';

/** The settings of a command, and a way to open a producer. */
export interface Session<T extends Settings> {
  readonly config: Config<typeof globalSettings & T>;
  /** The options of its producer. */
  readonly options: ProducerOptions;
  /** Opens the producer. Not called by commands that end before they need Redis. */
  readonly open: () => Promise<Producer>;
}

/**
 * Reads the global settings and the command's own.
 * @throws ConfigInvalid with every fault at once
 */
export function startSession<T extends Settings>(command: Command, own: T): Session<T> {
  const config = readConfig({ ...globalSettings, ...own }, command.optsWithGlobals()) as Config<
    typeof globalSettings & T
  >;
  const { redis, prefix, redisTimeout, events } = config as Config<typeof globalSettings>;
  const options = { redis, prefix, redisTimeout, events };
  // Loaded here, because `enqueue` opens a smaller producer.
  const open = async () => (await import('../create-producer.js')).createProducer(options);
  return { config, options, open };
}

/**
 * Finds a job by its name in the module given with --jobs.
 * @throws ModuleInvalid, OptionsInvalid (with a suggestion when the name is nearly right)
 */
export async function findJob(path: string | undefined, name: string): Promise<JobDefinition> {
  if (path === undefined || path === '')
    throw new OptionsInvalid('cannot find the job', [
      { path: '--jobs', reason: 'name the module that exports your job definitions (or set BULLPEN_JOBS)' },
    ]);
  const stopWatching = onExit(() => reportEnded(path));
  const wanted = { flag: '--jobs', what: 'job', madeBy: 'defineJob()', is: isJob };
  const jobs = await loadModule(path, wanted).finally(stopWatching);
  const job = jobs.find((candidate) => candidate.name === name);
  if (job !== undefined) return job;
  const names = jobs.map((candidate) => candidate.name);
  const hint = suggest(name, names) || ` It has: ${names.join(', ')}.`;
  throw new OptionsInvalid('cannot find the job', [{ path: '<job>', reason: `${path} has no job '${name}'.${hint}` }]);
}

/** Node's exit code for a process that ends while a module waits. */
const WAITS_IN_VAIN = 13;

/** A module that ends the process would make it look as if the command had done its work. */
function reportEnded(path: string): ExitCode {
  const why = process.exitCode === WAITS_IN_VAIN ? 'waits for something that never comes (await)' : 'ended the process';
  return reportFailure('bullpen-producer', new ModuleInvalid(`--jobs: cannot load ${resolve(path)}: it ${why}`));
}

/** Runs `work` with a producer, then closes the producer in any case. */
export async function withProducer<P extends Pick<Producer, 'close'>, T>(
  opening: P | Promise<P>,
  work: (producer: P) => Promise<T>,
): Promise<T> {
  const producer = await opening;
  try {
    return await work(producer);
  } finally {
    await producer.close();
  }
}
