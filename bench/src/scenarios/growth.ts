import { compareTable } from '../report/compare.js';
import { type Measure, ownCpuPerRow, type Results, redisCpuPerRow, rssMb } from '../report/results.js';
import type { Scenario } from '../report/section.js';
import { showMedian, showRatio, table } from '../report/show.js';
import { atMost, type Target } from '../report/target.js';
import type { Entrant, Heat, Work } from '../running/heat.js';
import { scaled } from '../settings.js';

/** How much more a row may cost in the large case than in the small one. */
const MOST = 1.2;
/** How much more memory a process may have had after ten times as many jobs. */
const MOST_MEMORY = 1.1;

type Step = NonNullable<Entrant['before']>[number];

/**
 * Whether a job costs more when there are many of something. The first entrant of a heat is the
 * small case.
 */
export function growthScenario(scale: number): Scenario {
  const size = (rows: number): number => scaled(rows, scale);
  const rows = size(20_000);
  const heats = [
    ...enqueueHeats(rows, size),
    ...workHeats(rows, size),
    manyHeat('queues in a worker', [1, 100], (queues) => ({ kind: 'empty', rows, concurrency: 10, queues })),
    manyHeat('workers on one queue', [1, 20], (workers) => ({ kind: 'empty', rows, concurrency: 10, workers })),
  ];
  const long = manyHeat('jobs through one process', [size(100_000), size(1_000_000)], (jobs) => ({
    ...{ kind: 'empty', rows: jobs, concurrency: 50 },
  }));
  const all = [...heats, long];
  return {
    heats: all,
    tell: (results) => ({
      title: `Growth: ${rows.toLocaleString('en-US')} rows beside more and more`,
      text: [
        'The same work in a small case and in a large one; a ratio is to the small case. Single jobs, handlers that do nothing, concurrency 50 where nothing else is said.',
        'Workers on one queue are in one process, each with connections of its own: Node’s time is that of all of them.',
      ],
      plots: [],
      tables: [
        ...all.map((heat) => compareTable(heat, results)),
        table(
          ['memory of the process', 'maxRSS, MB', 'ratio (min … max)'],
          long.entrants.map(({ label }) => [
            label,
            showMedian(results.of(long.name, label, rssMb)),
            showRatio(results.ratio(long.name, label, smallOf(long), rssMb)),
          ]),
        ),
      ],
      targets: [
        ...all.flatMap((heat) => targetsOf(heat, results)),
        atMost(`${long.name}: memory`, MOST_MEMORY, results.ratio(long.name, largeOf(long), smallOf(long), rssMb)),
      ],
    }),
  };
}

/** More rows are put in, the more jobs there are. */
function enqueueHeats(rows: number, size: (rows: number) => number): Heat[] {
  // On another queue, so that the time in which Node warms up hides no growth.
  const work = { kind: 'row', rows, batch: 'more', warmUp: { kind: 'empty', rows } } as const;
  const fromFile = { ...work, fromFile: true, warmUp: { kind: 'empty', rows, fromFile: true } } as const;
  const waiting = beside('waiting', [1_000, 1_000_000].map(size), 'bullpen.enqueueMany');
  const delayed = beside('delayed', [1_000, 1_000_000].map(size), 'bullpen.enqueueDelayed');
  return [
    heatOf('enqueue, one after the other', 'bullpen.oneByOne', { ...work, rows: Math.ceil(rows / 4) }, waiting),
    heatOf('enqueueMany', 'bullpen.enqueueMany', work, waiting),
    heatOf('batch', 'bullpen.batch', fromFile, waiting),
    heatOf('enqueueMany of delayed jobs', 'bullpen.enqueueDelayed', work, delayed),
  ];
}

/** As many jobs are processed, the more there are. */
function workHeats(rows: number, size: (rows: number) => number): Heat[] {
  const work = { kind: 'empty', rows, concurrency: 50 } as const;
  const filled = { contender: 'bullpen.enqueueMany', work } as const;
  const due = { contender: 'bullpen.enqueueDue', work } as const;
  const [delayed, failed, completed] = [
    [1_000, 1_000_000].map(size),
    [100, 100_000].map(size),
    // A worker keeps 10,000: what comes after that is trimmed.
    [100, 10_000].map(size),
  ] as const;
  const process = (name: string, what: Beside, contender = 'bullpen.work'): Heat => heatOf(name, contender, work, what);
  return [
    process('process', beside('waiting', [rows, size(1_000_000)], 'bullpen.enqueueMany')),
    process('process', beside('delayed', delayed, 'bullpen.enqueueDelayed', filled)),
    process('process jobs that fall due', beside('delayed', delayed, 'bullpen.enqueueDelayed', due)),
    process('process', beside('failed', failed, 'bullpen.reject', filled)),
    process('process jobs that fail', beside('failed', failed, 'bullpen.reject', filled), 'bullpen.reject'),
    process('process', beside('completed', completed, 'bullpen.complete', filled)),
  ];
}

interface Beside {
  readonly what: string;
  readonly steps: readonly { readonly count: number; readonly before: readonly Step[] }[];
}

/** So many jobs of a kind are there before; `then` is put in after them. */
function beside(what: string, counts: readonly number[], contender: string, then?: Step): Beside {
  return {
    what,
    steps: counts.map((count) => {
      const work = { kind: 'empty', rows: count, concurrency: 50, batch: what } as const;
      const isWork = contender === 'bullpen.complete' || contender === 'bullpen.reject';
      const made = [...(isWork ? [{ contender: 'bullpen.enqueueMany', work }] : []), { contender, work }];
      return { count, before: then === undefined ? made : [...made, then] };
    }),
  };
}

function heatOf(name: string, contender: string, work: Work, { what, steps }: Beside): Heat {
  return {
    name: `${name}, ${what}`,
    entrants: steps.map(({ count, before }) => ({
      ...{ label: labelOf(what, count), contender, work },
      before: before.map((step) =>
        step.work.kind === work.kind ? step : { ...step, work: { ...step.work, kind: work.kind } },
      ),
    })),
  };
}

/** One worker process, with more and more of something. */
function manyHeat(name: string, counts: readonly number[], workOf: (count: number) => Work): Heat {
  return {
    name,
    entrants: counts.map((count) => {
      const work = workOf(count);
      const before = [{ contender: 'bullpen.enqueueMany', work }];
      return { label: labelOf(name, count), contender: 'bullpen.work', work, before };
    }),
  };
}

const labelOf = (what: string, count: number): string => `${what}: ${count.toLocaleString('en-US')}`;
const smallOf = ({ entrants }: Heat): string => entrants[0]?.label ?? '';
const largeOf = ({ entrants }: Heat): string => entrants.at(-1)?.label ?? '';

function targetsOf(heat: Heat, results: Results): Target[] {
  const cost = (whose: string, measure: Measure): Target =>
    atMost(
      `${heat.name}, ${largeOf(heat)} to ${smallOf(heat)}: ${whose} time per row`,
      MOST,
      results.ratio(heat.name, largeOf(heat), smallOf(heat), measure),
    );
  return [cost('Node’s', ownCpuPerRow), cost('Redis’', redisCpuPerRow)];
}
