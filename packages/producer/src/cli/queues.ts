import type { QueueCounts } from '@bullpen/shared';
import { EXIT, type ExitCode } from '@bullpen/shared/internal';
import { Command } from 'commander';
import { printLine, printTable, showCount } from './print.js';
import { startSession, withProducer } from './session.js';

/** The last is no state: how many jobs were cancelled, ever. */
const STATES = ['waiting', 'prioritized', 'delayed', 'active', 'completed', 'failed', 'cancelled'] as const;

/** `queues`: lists how many jobs each queue holds, by state. */
export function queuesCommand(ends: (code: ExitCode) => void): Command {
  return new Command('queues')
    .description('Lists the queues and how many jobs each holds, by state.')
    .action(async (_: unknown, command: Command) => {
      const { config, open } = startSession(command, {});
      const queues = await withProducer(open(), (producer) => producer.queues());
      if (config.json) printLine(JSON.stringify(queues));
      else if (queues.length === 0) process.stderr.write(`no queues under the prefix '${config.prefix}'\n`);
      else printTable(['queue', ...STATES], queues.map(toRow));
      ends(EXIT.ok);
    });
}

function toRow(counts: QueueCounts): (string | number)[] {
  const show = process.stdout.isTTY ? showCount : String;
  return [counts.paused ? `${counts.queue} (paused)` : counts.queue, ...STATES.map((state) => show(counts[state]))];
}
