import { createRequire } from 'node:module';
import { commonOptions, type ExitCode, showText } from '@bullpen/shared/internal';
import { Command } from 'commander';
import { batchCommand } from './batch.js';
import { batchesCommand } from './batches/command.js';
import { cancelCommand } from './cancel.js';
import { enqueueCommand } from './enqueue.js';
import { queuesCommand } from './queues.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** Builds the command line. `exitCode` says, after parsing, how the command that ran ended. */
export function buildProgram(): { program: Command; exitCode: () => ExitCode } {
  let code: ExitCode = 0;
  const ends = (ended: ExitCode): void => {
    code = ended;
  };
  const program = new Command('bullpen-producer')
    .description('Puts typed jobs onto queues: one at a time, or every row of a file.')
    .version(version)
    .option('--jobs <module>', 'ES module that exports job definitions (BULLPEN_JOBS)')
    .option(...commonOptions.redis)
    .option(
      '--redis-timeout <duration>',
      'how long Redis may be away before giving up (BULLPEN_REDIS_TIMEOUT; default 5s)',
    )
    .option(...commonOptions.prefix)
    .option('--json', 'print the result as one JSON line')
    .option(...commonOptions.logLevel)
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 64 usage, 65 some rows rejected or payload invalid, 69 Redis unavailable, 75 interrupted, 1 anything else.
Options go before or after the command; a flag wins over its environment variable.`,
    )
    .exitOverride()
    .configureOutput({ outputError: (said, write) => write(`bullpen-producer: ${inOurWords(said)}`) })
    .configureHelp({ showGlobalOptions: true });
  const commands = [enqueueCommand, batchCommand, batchesCommand, cancelCommand, queuesCommand];
  for (const make of commands) program.addCommand(make(ends));
  passSettingsOn(program, 'bullpen-producer');
  return { program, exitCode: () => code };
}

/**
 * Commands made apart from the program do not take over its settings by themselves. Of each, `path`
 * is how it is called.
 */
function passSettingsOn(parent: Command, path: string): void {
  parent.showHelpAfterError(`(all that can be said: ${path} --help)`);
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    passSettingsOn(command, `${path} ${command.name()}`);
  }
}

/**
 * What the parser says of a wrong command line, line by line: it quotes what was typed, and that is
 * not to command a terminal.
 */
const inOurWords = (said: string): string =>
  said
    .replace(/^error: /, '')
    .split('\n')
    .map((line) => showText(line))
    .join('\n');
