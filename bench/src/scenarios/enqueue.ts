import { barPlot, barsOf } from '../report/bar-plot.js';
import { ownCpuPerRow, rate, redisCpuPerRow } from '../report/results.js';
import { ratioTarget, type Scenario } from '../report/section.js';
import { showMedian, showRatio, table } from '../report/show.js';
import type { Entrant, Heat, Work } from '../running/heat.js';
import { scaled } from '../settings.js';

const HEAT = 'enqueue';
const RAW = 'BullMQ addBulk of 1,000';
const MANY = 'Bullpen enqueueMany';
const BATCH = 'Bullpen batch, NDJSON file';
const BEE = 'bee-queue saveAll of 1,000';

/** How fast rows go in, by every way. */
export function enqueueScenario(scale: number): Scenario {
  const rows = scaled(100_000, scale);
  const few = scaled(5_000, scale);
  const entrant = (label: string, contender: string, more: Partial<Work> = {}): Entrant => ({
    label,
    contender,
    work: { kind: 'row', rows, ...more },
  });
  const entrants = [
    entrant('BullMQ add, one at a time', 'bullmq.add', { rows: few }),
    entrant('BullMQ add, 1,000 at once', 'bullmq.addConcurrently'),
    entrant(RAW, 'bullmq.addBulk'),
    entrant('bull addBulk of 1,000', 'bull.addBulk'),
    entrant(BEE, 'bee-queue.saveAll'),
    entrant(MANY, 'bullpen.enqueueMany'),
    entrant(BATCH, 'bullpen.batch', { fromFile: true }),
    entrant('Bullpen batch, 100 rows per job', 'bullpen.batch', { fromFile: true, rowsPerJob: 100 }),
  ];
  const heat: Heat = { name: HEAT, entrants };
  return {
    heats: [heat],
    tell: (results) => ({
      title: `Enqueue: ${rows.toLocaleString('en-US')} rows of about 100 bytes`,
      text: [
        `Rows in memory, made before the clock starts; Bullpen's \`batch\` reads an NDJSON file within its time. Bullpen validates every row and answers for each. BullMQ, bull and bee-queue get the same ids and ten attempts. One call at a time: ${few.toLocaleString('en-US')} rows, as it is slow.`,
      ],
      plots: [
        {
          file: 'enqueue.svg',
          alt: 'Rows enqueued per second, by contender',
          svg: barPlot('Enqueue', 'Rows per second, more is better', [{ bars: barsOf(heat, results, rate) }]),
        },
        {
          file: 'enqueue-cpu.svg',
          alt: 'CPU time of Redis per enqueued row, by contender',
          svg: barPlot('Enqueue: what it costs Redis', 'CPU time of Redis per row in µs, less is better', [
            { bars: barsOf(heat, results, redisCpuPerRow) },
          ]),
        },
      ],
      tables: [
        table(
          [
            'contender',
            'rows/s',
            'to addBulk (min … max)',
            'Node µs per row',
            'Redis µs per row',
            'to addBulk (min … max)',
          ],
          entrants.map(({ label }) => [
            label,
            showMedian(results.of(HEAT, label, rate)),
            showRatio(results.ratio(HEAT, label, RAW, rate)),
            showMedian(results.of(HEAT, label, ownCpuPerRow)),
            showMedian(results.of(HEAT, label, redisCpuPerRow)),
            showRatio(results.ratio(HEAT, label, RAW, redisCpuPerRow)),
          ]),
        ),
      ],
      targets: [MANY, BATCH].flatMap((label) => [
        ratioTarget(`${label}: at least 4 × ${RAW}`, results.ratio(HEAT, label, RAW, rate), (ratio) => ratio >= 4),
        ratioTarget(`${label}: faster than ${BEE}`, results.ratio(HEAT, label, BEE, rate), (ratio) => ratio > 1),
      ]),
    }),
  };
}
