import { barPlot, barsOf } from '../report/bar-plot.js';
import { type Measure, ownCpuPerRow, type Results, rate, redisCpuPerRow } from '../report/results.js';
import { ratioTarget, type Scenario, type Target } from '../report/section.js';
import { showMedian, showRatio, table } from '../report/show.js';
import type { Entrant, Heat, Work } from '../running/heat.js';
import { scaled } from '../settings.js';

const RAW = 'BullMQ Worker';
const ROWS = 'Bullpen, rows of a batch';
const PACKED = 'Bullpen, 100 rows per job';
const MANY = 'Bullpen, 100 rows per job, handleMany';
const PEERS = ['bull', 'bee-queue'];

/**
 * How many rows contenders of BullMQ's speed get, by concurrency: they take a few seconds each on a
 * slow machine.
 */
const LENGTHS = [
  { concurrency: 1, rows: 10_000 },
  { concurrency: 10, rows: 30_000 },
  { concurrency: 50, rows: 50_000 },
] as const;

/** How fast one worker process attempts jobs that do nothing. */
export function processScenario(scale: number): Scenario {
  const heats = LENGTHS.map(({ concurrency, rows }) => heatOf(concurrency, scaled(rows, scale)));
  return {
    heats,
    tell: (results) => ({
      title: 'Process: empty jobs, one worker process',
      text: [
        "A warm worker: from the row after the first tenth to the last. Bullpen's worker has its defaults: payloads validated, deadlines armed, outcomes logged at `info`; for rows of a batch it keeps the batch's books too. The others do none of this. BullMQ, bull and Bullpen keep the last 10,000 completed jobs for a day; bee-queue keeps all of them, its default. Rows that share a job, and bee-queue, have more rows to do, so that their time is not too short to measure.",
        'Where rows share a job, `handle` is called once per row, and no row begins before Redis has the end of the one before it in that slot: a kill repeats at most the row in hand. `handleMany` has the rows of a job all at once, their ends are one call, and a kill repeats those that it had.',
      ],
      plots: [
        plot('process.svg', 'Process', 'Rows per second, more is better', heats, results, rate),
        plot(
          'process-cpu.svg',
          'Process: what it costs Redis',
          'CPU time of Redis per row in µs, less is better',
          heats,
          results,
          redisCpuPerRow,
        ),
      ],
      tables: heats.map(({ name, entrants }) =>
        table(
          [name, 'rows/s', 'to BullMQ (min … max)', 'Node µs per row', 'Redis µs per row', 'to BullMQ (min … max)'],
          entrants.map(({ label }) => [
            label,
            showMedian(results.of(name, label, rate)),
            showRatio(results.ratio(name, label, RAW, rate)),
            showMedian(results.of(name, label, ownCpuPerRow)),
            showMedian(results.of(name, label, redisCpuPerRow)),
            showRatio(results.ratio(name, label, RAW, redisCpuPerRow)),
          ]),
        ),
      ),
      targets: heats.flatMap(({ name }) => targetsOf(name, results)),
    }),
  };
}

function heatOf(concurrency: number, rows: number): Heat {
  const entrant = (label: string, file: string, fill: string, more: Partial<Work> = {}): Entrant => {
    const work = { kind: 'empty', rows, concurrency, ...more } as const;
    return { label, contender: `${file}.work`, work, before: { contender: `${file}.${fill}`, work } };
  };
  // At least two jobs for each slot, however small the run is: else it would measure how slots
  // wait.
  const packed = { rows: Math.max(10 * rows, 200 * concurrency), rowsPerJob: 100, fromFile: true };
  return {
    name: `concurrency ${concurrency}`,
    entrants: [
      entrant(RAW, 'bullmq', 'addBulk'),
      entrant('bull', 'bull', 'addBulk'),
      entrant('bee-queue', 'bee-queue', 'saveAll', { rows: 2 * rows }),
      entrant(ROWS, 'bullpen', 'batch', { fromFile: true }),
      entrant('Bullpen, single jobs', 'bullpen', 'enqueueMany'),
      entrant(PACKED, 'bullpen', 'batch', packed),
      { ...entrant(MANY, 'bullpen', 'batch', packed), contender: 'bullpen.workMany' },
    ],
  };
}

/** One plot, a group of bars for each concurrency. */
function plot(
  file: string,
  title: string,
  subtitle: string,
  heats: readonly Heat[],
  results: Results,
  measure: Measure,
) {
  const groups = heats.map((heat) => ({ heading: heat.name, bars: barsOf(heat, results, measure) }));
  return { file, svg: barPlot(title, subtitle, groups), alt: `${title}, by contender and concurrency` };
}

function targetsOf(heat: string, results: Results): Target[] {
  const wanted = (label: string, to: string, what: string, isReached: (ratio: number) => boolean): Target =>
    ratioTarget(`${label}, ${heat}: ${what} ${to}`, results.ratio(heat, label, to, rate), isReached);
  return [
    wanted(ROWS, RAW, 'at least 0.95 ×', (ratio) => ratio >= 0.95),
    ...[PACKED, MANY].flatMap((label) => [
      wanted(label, RAW, 'at least 5 ×', (ratio) => ratio >= 5),
      ...PEERS.map((peer) => wanted(label, peer, 'faster than', (ratio) => ratio > 1)),
    ]),
  ];
}
