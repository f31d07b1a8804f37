import { addFlags, type Config, EXIT, type Guides, guideCommand, readConfig } from '@bullpen/shared/command';
import { Command } from 'commander';
import { VERSION } from '../version.js';
import { settings } from './settings.js';

const guides: Guides = {
  'bullpen-worker': {
    notes:
      'SIGTERM and SIGINT drain the worker: active attempts finish; those that take too long are handed back, no attempt spent. A second signal aborts them at once.',
    examples: [
      'bullpen-worker --handlers dist/handlers.js --concurrency 50',
      'bullpen-worker --handlers dist/handlers.js --queue invoices:5 --queue mails \\\n    --health-port 8080',
    ],
    exitCodes: {
      [EXIT.ok]: 'all attempts finished',
      [EXIT.failure]: 'code of a handler crashed, or all slots were stuck',
      [EXIT.usage]: 'wrong usage, or the handlers cannot be loaded',
      [EXIT.unavailable]: 'Redis refused us',
      [EXIT.cutOff]: 'some attempts were cut off unconfirmed, or the watchdog ended the process',
      [EXIT.interrupted]: 'some jobs were handed back',
    },
  },
};

const program = guideCommand(
  addFlags(
    new Command('bullpen-worker')
      .description('Attempts the jobs of one or more queues until it is told to stop.')
      .version(VERSION),
    settings,
  ),
  guides,
);

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
