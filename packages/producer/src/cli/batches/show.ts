import { EXIT, type ExitCode, showText } from '@bullpen/shared/internal';
import { Command } from 'commander';
import type { BatchView } from '../../books/batch-view.js';
import { describeWait } from '../../books/batch-wait.js';
import { printFacts, printLine, showFigure } from '../print.js';
import { startSession, withProducer } from '../session.js';
import { queueSetting } from './queue-setting.js';
import { showSince } from './since.js';

/** `batches show <name>`: shows how far a batch is. */
export function showCommand(ends: (code: ExitCode) => void): Command {
  return new Command('show')
    .description('Shows how far a batch is, and why rows failed.')
    .argument('<name>', 'the name of the batch')
    .action(async (name: string, _: unknown, command: Command) => {
      const { config, open } = startSession(command, queueSetting);
      const view = await withProducer(open(), ({ batches }) => batches.show({ name, queue: config.queue }));
      if (config.json) printLine(JSON.stringify(view));
      else printFacts(factsOf(view));
      ends(EXIT.ok);
    });
}

const missingFact = ({ name, missing }: BatchView): readonly [string, string] => [
  'missing (of the waiting)',
  `${showFigure(missing)}; their jobs are gone: batches repair ${name} brings them back or settles them`,
];

function factsOf(view: BatchView): (readonly [string, string])[] {
  const { name, queue, job, stage, source, format, keyField, rowsPerJob, createdAt, readAt, cancelledAt } = view;
  const { read, added, duplicate, rejected, waiting, active, delayed, missing, completed, failed, cancelled } = view;
  const counts = (entries: Record<string, number>): (readonly [string, string])[] =>
    Object.entries(entries).map(([name, count]) => [name, showFigure(count)] as const);
  return [
    ...([
      ['name', name],
      ['queue', queue],
      ['job', job],
      ['source', `${showText(source)} (${format})`],
    ] as const),
    ...([
      ['stage', stage],
      ['begun', showSince(createdAt)],
    ] as const),
    ...(readAt === undefined ? [] : [['read to its end', showSince(readAt)] as const]),
    ...(cancelledAt === undefined ? [] : [['cancelled on request', showSince(cancelledAt)] as const]),
    ...(keyField === undefined ? [] : [['key field', showText(keyField)] as const]),
    ...(rowsPerJob === 1 ? [] : [['rows per job', String(rowsPerJob)] as const]),
    ...counts({ read, added, duplicate, rejected }),
    ...counts({ waiting, active, delayed, completed, failed, cancelled }),
    ...(missing === 0 ? [] : [missingFact(view)]),
    ...(view.waits === undefined ? [] : [['nothing runs', describeWait(view.waits)] as const]),
    ...view.rejections.map(({ reason, count }) => [`rejected: ${showFigure(count)}`, showText(reason)] as const),
    ...view.reasons.flatMap(({ reason, count, example }) => [
      [`failed: ${showFigure(count)}`, showText(reason)] as const,
      ...(example === undefined ? [] : [[`as row ${showFigure(example.row)}`, showText(example.error)] as const]),
    ]),
  ];
}
