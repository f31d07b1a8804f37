import { OptionsInvalid } from '@bullpen/shared';
import { addFlags, EXIT, type ExitCode, type Settings, switchSetting } from '@bullpen/shared/internal';
import { Command } from 'commander';
import type { RepairedBatch } from '../../manage/repair-batch.js';
import { openSource } from '../../source/source.js';
import { batchSettings } from '../batch-settings.js';
import { countOf, printLine, showCount } from '../print.js';
import { startProgress } from '../progress.js';
import { findJob, startSession, withProducer } from '../session.js';
import { stoppable } from '../stoppable.js';
import { queueSetting } from './queue-setting.js';

const repairSettings = {
  settle: { flag: '--settle', schema: switchSetting, help: 'settle missing rows as failed; needs no source' },
  format: batchSettings.format,
} satisfies Settings;

/** `batches repair <name> [source]`: enqueues rows again whose jobs are gone, or settles them. */
export function repairCommand(ends: (code: ExitCode) => void): Command {
  const command = new Command('repair')
    .description(
      'Enqueues missing rows of a batch again, from its source: their jobs were removed, or Redis lost them. With --settle they fail instead. Safe to repeat.',
    )
    .argument('<name>', 'the name of the batch')
    .argument('[source]', 'the file that the batch was read from, unchanged; needs --jobs');
  return addFlags(command, repairSettings).action(async (name: string, path: string | undefined) => {
    const { config, open } = startSession(command, { ...queueSetting, ...repairSettings });
    if (path === undefined && !config.settle) throw sayHow();
    // Fails here, before Redis is asked.
    if (path !== undefined && config.jobs === undefined) await findJob(undefined, name);
    const source = path === undefined ? undefined : await openSource(path, config.format, process.stdin);
    const bar = startProgress('repairing', undefined);
    const repaired = await stoppable((signal) =>
      withProducer(open(), async ({ batches }) => {
        const { queue, job } = await batches.show({ name, queue: config.queue });
        const from = source && { job: await findJob(config.jobs, job), source };
        const onProgress = (rows: number): void => bar.update(rows, rows, '');
        return batches.repair({ name, queue, from, settle: config.settle, signal, onProgress });
      }),
    ).finally(() => {
      source?.close();
      bar.stop();
    });
    printLine(config.json ? JSON.stringify(repaired) : sentence(repaired));
    ends(repaired.interrupted ? EXIT.interrupted : EXIT.ok);
  });
}

function sayHow(): OptionsInvalid {
  const reason =
    'name the file that the batch was read from, to enqueue its missing rows again, or give --settle, to settle them as failed';
  return new OptionsInvalid('cannot repair the batch', [{ path: '[source]', reason }]);
}

function sentence({ name, missing, enqueued, failed, interrupted }: RepairedBatch): string {
  const parts = [
    missing === 0 ? 'no row is missing' : countOf(missing, 'row was missing', 'rows were missing'),
    ...(enqueued > 0 ? [`${showCount(enqueued)} wait again`] : []),
    ...(failed > 0 ? [`${showCount(failed)} are failed now`] : []),
    ...(interrupted ? ['interrupted; the same command goes on'] : []),
  ];
  return `batch ${name}: ${parts.join('; ')}`;
}
