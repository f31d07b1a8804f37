import { rate, redisCpuPerRow, rssMb } from '../report/results.js';
import type { Scenario } from '../report/section.js';
import { showMedian, showRatio, table } from '../report/show.js';
import type { Entrant } from '../running/heat.js';
import { scaled } from '../settings.js';

const HEAT = 'file';
const RAW = 'BullMQ: parse each line, addBulk of 1,000';

/** Reads and enqueues a file: what a team would write itself, against `batch`. */
export function fileScenario(scale: number): Scenario {
  const rows = scaled(200_000, scale);
  const work = { kind: 'row', rows, fromFile: true } as const;
  const entrants: Entrant[] = [
    { label: RAW, contender: 'bullmq.addBulkFromFile', work },
    { label: 'Bullpen batch', contender: 'bullpen.batch', work },
    { label: 'Bullpen batch, 100 rows per job', contender: 'bullpen.batch', work: { ...work, rowsPerJob: 100 } },
  ];
  return {
    heats: [{ name: HEAT, entrants }],
    tell: (results) => ({
      title: `A file: ${rows.toLocaleString('en-US')} NDJSON rows, read and enqueued`,
      text: ['Both sides read the same file within their time; Bullpen validates every row as well.'],
      plots: [],
      tables: [
        table(
          ['contender', 'rows/s', 'to BullMQ (min … max)', 'Redis µs per row', 'memory of the process, MB'],
          entrants.map(({ label }) => [
            label,
            showMedian(results.of(HEAT, label, rate)),
            showRatio(results.ratio(HEAT, label, RAW, rate)),
            showMedian(results.of(HEAT, label, redisCpuPerRow)),
            showMedian(results.of(HEAT, label, rssMb)),
          ]),
        ),
      ],
      targets: [],
    }),
  };
}
