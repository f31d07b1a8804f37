import { addFlags } from '@bullpen/shared/command';
import { Command } from 'commander';
import type { Ran } from '../ran.js';
import { exportSettings } from './export-settings.js';
import { queueSetting } from './queue-setting.js';
import { repairSettings } from './repair-settings.js';

/** `batches`: lists the batches; its commands show, watch, cancel, retry, repair or export one. */
export function batchesCommand(ran: Ran): Command {
  const group = new Command('batches')
    .description('Lists the batches; its commands show, watch, cancel, retry, repair or export one.')
    // The arguments of a command that does not exist arrive here.
    .argument('[command...]')
    .usage('[options] [command]')
    .action(ran(() => import('./list.js')));
  addFlags(group, queueSetting);
  const add = (name: string): Command => {
    const command = new Command(name).argument('<name>', 'the name of the batch');
    group.addCommand(command);
    return command;
  };
  add('show')
    .description('Shows how far a batch is, and why rows failed.')
    .action(ran(() => import('./show.js')));
  add('watch')
    .description('Follows a batch until every row is settled. Exits 1 if any failed or was cancelled.')
    .action(ran(() => import('./watch.js')));
  add('cancel')
    .description('Cancels what is open of a batch, waiting or running. Asks nothing; safe to repeat.')
    .action(ran(() => import('./cancel.js')));
  add('retry')
    .description(
      'Enqueues the failed rows of a batch again, as they were, with all their attempts. Needs --jobs; safe to repeat.',
    )
    .action(ran(() => import('./retry.js')));
  addFlags(add('repair'), repairSettings)
    .description(
      'Enqueues missing rows of a batch again, from its source: their jobs were removed, or Redis lost them. With --settle they fail instead. Safe to repeat.',
    )
    .argument('[source]', 'the file that the batch was read from, unchanged; needs --jobs')
    .action(ran(() => import('./repair.js')));
  addFlags(add('export'), exportSettings)
    .description('Writes the failed rows of a batch as they were, with the error of each; or its results.')
    .action(ran(() => import('./export.js')));
  return group;
}
