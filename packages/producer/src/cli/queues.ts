import type { QueueCounts } from '@bullpen/shared';
import { EXIT, type ExitCode } from '@bullpen/shared/command';
import type { Command } from 'commander';
import { printLine, printTable, showCount } from './print.js';
import { startSession, withProducer } from './session.js';

/** The columns. The last two are no states: how many rows failed and jobs were cancelled, ever. */
const COLUMNS = {
  ...{ waiting: 'waiting', prioritized: 'prioritized', delayed: 'delayed', active: 'active' },
  ...{ waitingChildren: 'waiting-children', completed: 'completed', failed: 'failed' },
  ...{ failedRows: 'failed rows', cancelled: 'cancelled' },
} as const;
const COUNTS = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];

/** With all columns, no table fits a terminal. Most queues have nothing to say in these. */
const SPARE = Object.fromEntries(
  ['prioritized', 'delayed', 'waiting-children', 'failed rows', 'cancelled'].map((name) => [name, '0']),
);

/** `queues`: lists how many jobs each queue holds, by state. */
export async function run(_: unknown, command: Command): Promise<ExitCode> {
  const { config, open } = startSession(command, {});
  const queues = await withProducer(open(), (producer) => producer.queues());
  if (config.json) printLine(JSON.stringify(queues));
  else if (queues.length === 0) process.stderr.write(`no queues under the prefix '${config.prefix}'\n`);
  else printTable(['queue', ...Object.values(COLUMNS)], queues.map(toRow), { spare: SPARE });
  return EXIT.ok;
}

function toRow(counts: QueueCounts): string[] {
  const show = process.stdout.isTTY ? showCount : String;
  return [counts.paused ? `${counts.queue} (paused)` : counts.queue, ...COUNTS.map((count) => show(counts[count]))];
}
