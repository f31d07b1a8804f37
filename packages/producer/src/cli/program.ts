import { createRequire } from 'node:module';
import { addFlags, type ExitCode, guideCommand } from '@bullpen/shared/internal';
import { Command } from 'commander';
import { batchCommand } from './batch.js';
import { batchesCommand } from './batches/command.js';
import { cancelCommand } from './cancel.js';
import { enqueueCommand } from './enqueue.js';
import { guides } from './guides.js';
import { queuesCommand } from './queues.js';
import { globalSettings } from './settings.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/**
 * Builds the command line. After it was parsed, `exitCode` returns the code of the command that
 * ran, and `path` how it is called.
 */
export function buildProgram(): { program: Command; exitCode: () => ExitCode; path: () => string } {
  let code: ExitCode = 0;
  let path = 'bullpen-producer';
  const ends = (ended: ExitCode): void => {
    code = ended;
  };
  const described = new Command('bullpen-producer')
    .description('Puts typed jobs onto queues: one at a time, or every row of a file.')
    .version(version);
  const program = addFlags(described, globalSettings).hook('preAction', (_, running) => {
    path = pathOf(running);
  });
  const commands = [enqueueCommand, batchCommand, batchesCommand, cancelCommand, queuesCommand];
  for (const make of commands) program.addCommand(make(ends));
  return { program: guideCommand(program, guides), exitCode: () => code, path: () => path };
}

/** How a command is called: `bullpen-producer batches show`. */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
