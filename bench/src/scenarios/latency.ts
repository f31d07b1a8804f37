import { type Measure, ownCpuPerRow, p50Ms, p99Ms, redisCpuPerRow } from '../report/results.js';
import type { Scenario } from '../report/section.js';
import { showMedian, showRatio, table } from '../report/show.js';
import { notDearer } from '../report/target.js';
import { baseOf, type Heat } from '../running/heat.js';
import { scaled } from '../settings.js';
import { lineUp, RAW, withEvents } from './line-up.js';

const HEAT = 'latency';
const BULLPEN = withEvents('Bullpen');

/** How long a job takes from its enqueue to its handler when nothing else is to do. */
export function latencyScenario(scale: number): Scenario {
  const work = { kind: 'row', rows: scaled(400, scale), concurrency: 10 } as const;
  const heat: Heat = {
    name: HEAT,
    entrants: [
      ...lineUp('latency', work, { without: ['node-resque'] }),
      { label: BULLPEN, contender: 'bullpen.latency', work },
    ],
  };
  return {
    heats: [heat],
    tell: (results) => ({
      title: 'Latency: from `enqueue` to the handler, on an idle queue',
      text: [
        `${work.rows.toLocaleString('en-US')} jobs, one after another, 4 ms apart; the first tenth is not counted. The worker waits in one process with concurrency ${work.concurrency}; the producer is another process. From the call that enqueues until the handler begins, in milliseconds. CPU time is that of the worker's process, its waiting included.`,
        'node-resque is left out: it looks for jobs every 5 s.',
      ],
      plots: [],
      tables: [
        table(
          ['contender', 'p50, ms', 'ratio (95 %)', 'p99, ms', 'ratio (95 %)', 'Node µs per row', 'Redis µs per row'],
          heat.entrants.map((entrant) => {
            const of = (measure: Measure) => showMedian(results.of(HEAT, entrant.label, measure));
            const to = (measure: Measure) =>
              showRatio(results.ratio(HEAT, entrant.label, baseOf(heat, entrant), measure));
            return [entrant.label, of(p50Ms), to(p50Ms), of(p99Ms), to(p99Ms), of(ownCpuPerRow), of(redisCpuPerRow)];
          }),
        ),
      ],
      targets: (
        [
          ['p50', p50Ms],
          ['p99', p99Ms],
        ] as const
      ).map(([name, measure]) =>
        notDearer(`${BULLPEN}, latency ${name}: at most BullMQ's`, results.ratio(HEAT, BULLPEN, RAW, measure)),
      ),
      claims: [
        {
          what: 'milliseconds from `enqueue` to the handler, idle queue',
          toBullmq: results.ratio(HEAT, BULLPEN, RAW, p50Ms),
          toBee: results.ratio(HEAT, BULLPEN, 'bee-queue', p50Ms),
          isCost: true,
        },
      ],
    }),
  };
}
