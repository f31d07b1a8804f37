import { EXIT, type ExitCode } from '@bullpen/shared/command';
import { showText } from '@bullpen/shared/internal';
import type { Command } from 'commander';
import type { BatchView } from '../../books/batch-view.js';
import { describeWait } from '../../books/batch-wait.js';
import { printFacts, printLine, showFigure } from '../print.js';
import { startSession, withProducer } from '../session.js';
import { queueSetting } from './queue-setting.js';
import { showSince } from './since.js';

/** `batches show <name>`: shows how far a batch is. */
export async function run(name: string, _: unknown, command: Command): Promise<ExitCode> {
  const { config, open } = startSession(command, queueSetting);
  const [view, now] = await withProducer(open(), async (producer) => [
    await producer.batches.show({ name, queue: config.queue }),
    await producer.time(),
  ]);
  if (config.json) printLine(JSON.stringify(view));
  else printFacts(factsOf(view, now));
  return EXIT.ok;
}

const missingFact = ({ name, missing }: BatchView): readonly [string, string] => [
  'missing (of the waiting)',
  `${showFigure(missing)}; their jobs are gone: batches repair ${name} brings them back or settles them`,
];

function factsOf(view: BatchView, now: number): (readonly [string, string])[] {
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
      ['begun', showSince(createdAt, now)],
    ] as const),
    ...(readAt === undefined ? [] : [['read to its end', showSince(readAt, now)] as const]),
    ...(cancelledAt === undefined ? [] : [['cancelled on request', showSince(cancelledAt, now)] as const]),
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
