import { OptionsInvalid } from '@bullpen/shared';
import { EXIT, type ExitCode } from '@bullpen/shared/command';
import { showValue, suggest } from '@bullpen/shared/internal';
import type { Command } from 'commander';
import { countOpen, stageOf } from '../../books/batch-view.js';
import type { BatchBooks } from '../../books/books.js';
import { printLine, printTable, showFigure } from '../print.js';
import { startSession, withProducer } from '../session.js';
import { queueSetting } from './queue-setting.js';
import { showSince } from './since.js';

/** `batches`: lists the batches. */
export async function run([typed]: string[], _: unknown, command: Command): Promise<ExitCode> {
  if (typed !== undefined) throw noSuchCommand(typed, command);
  const { config, open } = startSession(command, queueSetting);
  const [all, now] = await withProducer(open(), async (producer) => [
    await producer.batches.list({ queue: config.queue }),
    await producer.time(),
  ]);
  if (config.json) printLine(JSON.stringify(all.map((books) => ({ ...books, stage: stageOf(books) }))));
  else if (all.length === 0) process.stderr.write(`${noBatches(config)}\n`);
  else
    printTable(
      HEAD,
      all.map((books) => toRow(books, now)),
      { texts: HEAD.indexOf('stage') + 1, spare: SPARE },
    );
  return EXIT.ok;
}

const noBatches = ({ prefix, queue }: { readonly prefix: string; readonly queue: string | undefined }): string =>
  `no batches ${queue === undefined ? '' : `on queue ${showValue(queue)} `}under the prefix '${prefix}'`;

const HEAD = ['name', 'queue', 'stage', 'read', 'rejected', 'open', 'completed', 'failed', 'cancelled', 'begun'];
/** What a column has where it says nothing. */
const SPARE = { queue: 'default', rejected: '0', cancelled: '0' };

function toRow(books: BatchBooks, now: number): string[] {
  const { name, queue, read, rejected, completed, failed, cancelled, createdAt } = books;
  const counts = [read, rejected, countOpen(books), completed, failed, cancelled];
  return [name, queue, stageOf(books), ...counts.map(showFigure), showSince(createdAt, now)];
}

function noSuchCommand(typed: string, { commands }: Command): OptionsInvalid {
  const names = commands.map((command) => command.name());
  const hint = suggest(typed, names) || ` To look at a batch of that name: batches show ${typed}`;
  return new OptionsInvalid('batches', [{ path: '', reason: `no such command '${typed}'.${hint}` }]);
}
