import { addFlags, type Config, readConfig } from '@bullpen/shared/internal';
import { Command } from 'commander';
import { VERSION } from '../version.js';
import { settings } from './settings.js';

const program = addFlags(
  new Command('bullpen-worker')
    .description('Attempts the jobs of one or more queues until it is told to stop.')
    .version(VERSION),
  settings,
)
  .addHelpText(
    'after',
    `
SIGTERM and SIGINT drain the worker: active attempts finish; those that take too
long are handed back, no attempt spent. A second signal aborts them at once.
Exit codes: 0 all finished, 75 some handed back, 70 some cut off unconfirmed (or
ended by the watchdog), 69 Redis refused us, 64 usage, 1 anything else: code of
a handler crashed, or all slots were stuck.`,
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
