import { createRequire } from 'node:module';
import { addFlags, type ExitCode, showText } from '@bullpen/shared/internal';
import { Command } from 'commander';
import { batchCommand } from './batch.js';
import { batchesCommand } from './batches/command.js';
import { cancelCommand } from './cancel.js';
import { enqueueCommand } from './enqueue.js';
import { queuesCommand } from './queues.js';
import { globalSettings } from './settings.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/**
 * Builds the command line. After it was parsed, `exitCode` returns the code of the command that
 * ran.
 */
export function buildProgram(): { program: Command; exitCode: () => ExitCode } {
  let code: ExitCode = 0;
  const ends = (ended: ExitCode): void => {
    code = ended;
  };
  const described = new Command('bullpen-producer')
    .description('Puts typed jobs onto queues: one at a time, or every row of a file.')
    .version(version);
  const program = addFlags(described, globalSettings)
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 64 usage, 65 some rows rejected or payload invalid,
69 Redis unavailable, 75 interrupted, 1 anything else.
Options go before or after the command; a flag wins over its environment
variable.`,
    )
    .exitOverride()
    .configureOutput({ outputError: (said, write) => write(`bullpen-producer: ${escapeMessage(said)}`) })
    .configureHelp({ showGlobalOptions: true });
  const commands = [enqueueCommand, batchCommand, batchesCommand, cancelCommand, queuesCommand];
  for (const make of commands) program.addCommand(make(ends));
  passSettingsOn(program, 'bullpen-producer');
  return { program, exitCode: () => code };
}

/**
 * Copies commander's settings of a command to its sub commands: commander itself does so only for
 * sub commands that it makes.
 * @param path how the command is called: `bullpen-producer batches`
 */
function passSettingsOn(parent: Command, path: string): void {
  parent.showHelpAfterError(`(for help: ${path} --help)`);
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    passSettingsOn(command, `${path} ${command.name()}`);
  }
}

/**
 * Makes commander's message safe for a terminal, line by line: it quotes what was typed, which may
 * hold control characters.
 */
const escapeMessage = (said: string): string =>
  said
    .replace(/^error: /, '')
    .split('\n')
    .map((line) => showText(line))
    .join('\n');
