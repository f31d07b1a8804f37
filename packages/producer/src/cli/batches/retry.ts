import { EXIT, type ExitCode } from '@bullpen/shared/command';
import type { Command } from 'commander';
import type { RetriedBatch } from '../../manage/retry-batch.js';
import { countOf, printLine, showCount } from '../print.js';
import { startProgress } from '../progress.js';
import { findJob, startSession, withProducer } from '../session.js';
import { stoppable } from '../stoppable.js';
import { queueSetting } from './queue-setting.js';

/** `batches retry <name>`: enqueues the failed rows again. */
export async function run(name: string, _: unknown, command: Command): Promise<ExitCode> {
  const { config, open } = startSession(command, queueSetting);
  // Fails here, before Redis is asked.
  if (config.jobs === undefined) await findJob(undefined, name);
  const bar = startProgress('retrying', undefined);
  const retried = await stoppable((signal) =>
    withProducer(open(), async ({ batches }) => {
      const view = await batches.show({ name, queue: config.queue });
      const job = await findJob(config.jobs, view.job);
      const { queue } = view;
      return batches.retry(job, { name, queue, signal, onProgress: (rows) => bar.update(rows, rows, '') });
    }),
  ).finally(() => bar.stop());
  printLine(config.json ? JSON.stringify(retried) : sentence(retried));
  return retried.interrupted ? EXIT.interrupted : EXIT.ok;
}

function sentence({ name, retried, keyTaken, unusable, interrupted }: RetriedBatch): string {
  const parts = [
    `${countOf(retried, 'failed row waits', 'failed rows wait')} again`,
    ...(keyTaken > 0 ? [`${showCount(keyTaken)} stay failed, their keys were taken meanwhile`] : []),
    ...(unusable > 0 ? [`${showCount(unusable)} stay failed, their payloads cannot be used`] : []),
    ...(interrupted ? ['interrupted; the same command goes on'] : []),
  ];
  return `batch ${name}: ${parts.join('; ')}`;
}
