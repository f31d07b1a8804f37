import { EXIT, type ExitCode } from '@bullpen/shared/command';
import type { Command } from 'commander';
import type { CancelledBatch } from '../../manage/cancel-batch.js';
import { printLine, showCount } from '../print.js';
import { startProgress } from '../progress.js';
import { startSession, withProducer } from '../session.js';
import { queueSetting } from './queue-setting.js';

/** `batches cancel <name>`: nothing more is added to the batch, and its open rows are not run. */
export async function run(name: string, _: unknown, command: Command): Promise<ExitCode> {
  const { config, open } = startSession(command, queueSetting);
  const bar = startProgress('cancelling', undefined);
  const cancelled = await withProducer(open(), ({ batches }) =>
    batches.cancel({ name, queue: config.queue, onProgress: (rows) => bar.update(rows, rows, '') }),
  ).finally(() => bar.stop());
  const { queue, found, cancelledNow, added, active, waiting, delayed, completed, failed } = cancelled;
  if (config.json) {
    const counts = { added, waiting, active, delayed, completed, failed, cancelled: cancelled.cancelled };
    printLine(JSON.stringify({ name, queue, found, cancelledNow, ...counts }));
  } else printLine(sentence(cancelled));
  return EXIT.ok;
}

/** The result in a sentence. */
function sentence({ name, found, cancelledNow, active, completed, failed }: CancelledBatch): string {
  if (found === 'settled') {
    return `batch ${name} was settled already: ${showCount(completed)} completed, ${showCount(failed)} failed; nothing was cancelled`;
  }
  const running = active > 0 ? `; ${showCount(active)} are running and were told to stop` : '';
  const before = found === 'cancelled' ? ' was cancelled before' : '';
  const more = found === 'cancelled' ? 'more rows' : 'rows';
  return `batch ${name}${before}: ${showCount(cancelledNow)} ${more} will not be run${running}`;
}
