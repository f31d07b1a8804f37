import { OptionsInvalid } from '@bullpen/shared';
import { EXIT, type ExitCode } from '@bullpen/shared/command';
import type { Command } from 'commander';
import type { RepairedBatch } from '../../manage/repair-batch.js';
import { openSource } from '../../source/source.js';
import { countOf, printLine, showCount } from '../print.js';
import { startProgress } from '../progress.js';
import { findJob, startSession, withProducer } from '../session.js';
import { stoppable } from '../stoppable.js';
import { queueSetting } from './queue-setting.js';
import { repairSettings } from './repair-settings.js';

/** `batches repair <name> [source]`: enqueues rows again whose jobs are gone, or settles them. */
export async function run(name: string, path: string | undefined, _: unknown, command: Command): Promise<ExitCode> {
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
  return repaired.interrupted ? EXIT.interrupted : EXIT.ok;
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
