import { createRequire } from 'node:module';
import { addFlags, type ExitCode, guideCommand } from '@bullpen/shared/command';
import { Command } from 'commander';
import { batchSettings } from './batch-settings.js';
import { batchesCommand } from './batches/command.js';
import { enqueueSettings } from './enqueue-settings.js';
import { guides } from './guides.js';
import type { Ran } from './ran.js';
import { globalSettings } from './settings.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/**
 * Builds the command line. After it was parsed, `exitCode` returns the code of the command that
 * ran, and `path` how it is called.
 */
export function buildProgram(): { program: Command; exitCode: () => ExitCode; path: () => string } {
  let code: ExitCode = 0;
  let path = 'bullpen-producer';
  const ran: Ran =
    (load) =>
    async (...given) => {
      const { run } = await load();
      code = await run(...given);
    };
  const described = new Command('bullpen-producer')
    .description('Puts typed jobs onto queues: one at a time, or every row of a file.')
    .version(version);
  const program = addFlags(described, globalSettings).hook('preAction', (_, running) => {
    path = pathOf(running);
  });
  for (const command of commandsOf(ran)) program.addCommand(command);
  return { program: guideCommand(program, guides), exitCode: () => code, path: () => path };
}

/** How a command is called: `bullpen-producer batches show`. */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** The commands, in the order of the help. */
function commandsOf(ran: Ran): Command[] {
  return [
    addFlags(new Command('enqueue'), enqueueSettings)
      .description('Enqueues one job.')
      .argument('<job>', 'the name of a job in --jobs')
      .action(ran(() => import('./enqueue.js'))),
    addFlags(new Command('batch'), batchSettings)
      .description('Enqueues every row of a file, or of the standard input (-).')
      .argument('<job>', 'the name of a job in --jobs')
      .argument('<source>', 'a CSV, NDJSON or JSON file, or - for the standard input')
      .action(ran(() => import('./batch.js'))),
    batchesCommand(ran),
    new Command('cancel')
      .description('Cancels one job, waiting or running.')
      .argument('<job>', 'the name of a job in --jobs')
      .argument('<id>', 'its id, as enqueue printed it')
      .action(ran(() => import('./cancel.js'))),
    new Command('queues')
      .description('Lists the queues and how many jobs each holds, by state.')
      .action(ran(() => import('./queues.js'))),
  ];
}
