import { linePlot, type Series } from '../report/line-plot.js';
import { type Measure, type Results, redisCpuPerRow, usPerRow } from '../report/results.js';
import { ratioTarget, type Scenario } from '../report/section.js';
import { showMedian, showRatio, table } from '../report/show.js';
import type { Entrant } from '../running/heat.js';
import { scaled } from '../settings.js';

const HEAT = 'backlog';
const WAYS = [
  { name: 'Bullpen batch', side: 'bullpen', contender: 'bullpen.batch', fromFile: true },
  { name: 'BullMQ addBulk', side: 'bullmq', contender: 'bullmq.addBulk', fromFile: false },
] as const;
const labelOf = (way: string, backlog: number): string => `${way}, ${backlog.toLocaleString('en-US')} waiting`;

/** Whether a row costs more when many jobs wait already. */
export function backlogScenario(scale: number): Scenario {
  const backlogs = [1_000, 10_000, 100_000, 1_000_000].map((rows) => scaled(rows, scale));
  const rows = scaled(20_000, scale);
  const [least = 0] = backlogs;
  const most = backlogs.at(-1) ?? 0;
  const entrants: Entrant[] = backlogs.flatMap((backlog) =>
    WAYS.map(({ name, contender, fromFile }) => ({
      label: labelOf(name, backlog),
      contender,
      work: {
        ...{ kind: 'row', rows, fromFile, batch: 'more' },
        // On another queue. Node takes the same time to warm up at every backlog, which would hide
        // how much the rest grows.
        warmUp: { kind: 'empty', rows, fromFile },
      },
      // The keys of a job are the same for both, so the quicker way fills the queue for both.
      before: { contender: 'bullpen.batch', work: { kind: 'row', rows: backlog, fromFile: true, batch: 'backlog' } },
    })),
  );

  const plot = (file: string, title: string, subtitle: string, results: Results, measure: Measure) => {
    const series: Series[] = WAYS.map(({ name, side }) => ({
      label: name,
      side,
      points: backlogs.map((at) => ({ at, spread: results.of(HEAT, labelOf(name, at), measure) })),
    }));
    return { file, alt: `${title}, by size of the backlog`, svg: linePlot(title, subtitle, 'jobs waiting', series) };
  };
  const tableOf = (way: string, results: Results): string =>
    table(
      [way, 'µs per row', `to ${least.toLocaleString('en-US')} (min … max)`, 'Redis µs per row', 'to the same'],
      backlogs.map((backlog) => [
        `${backlog.toLocaleString('en-US')} waiting`,
        ...[usPerRow, redisCpuPerRow].flatMap((measure) => [
          showMedian(results.of(HEAT, labelOf(way, backlog), measure)),
          showRatio(results.ratio(HEAT, labelOf(way, backlog), labelOf(way, least), measure)),
        ]),
      ]),
    );
  const growth = (what: string, results: Results, measure: Measure) =>
    ratioTarget(
      `${what} of a row of a batch at a backlog of ${most.toLocaleString('en-US')}: at most 1.2 × that at ${least.toLocaleString('en-US')}`,
      results.ratio(HEAT, labelOf('Bullpen batch', most), labelOf('Bullpen batch', least), measure),
      (ratio) => ratio <= 1.2,
    );

  return {
    heats: [{ name: HEAT, entrants }],
    tell: (results) => ({
      title: `Backlog: ${rows.toLocaleString('en-US')} more rows, the longer the queue`,
      text: [
        'So many jobs are waiting when the clock starts; one row per job. Each process has warmed up on another queue.',
      ],
      plots: [
        plot('backlog.svg', 'A row, the longer the queue', 'Time per row in µs, less is better', results, usPerRow),
        plot(
          'backlog-cpu.svg',
          'A row, the longer the queue: what it costs Redis',
          'CPU time of Redis per row in µs, less is better',
          results,
          redisCpuPerRow,
        ),
      ],
      tables: WAYS.map(({ name }) => tableOf(name, results)),
      targets: [growth('Time', results, usPerRow), growth('Redis CPU', results, redisCpuPerRow)],
    }),
  };
}
