import { barPlot, barsOf } from '../report/bar-plot.js';
import { bytesPerRow } from '../report/results.js';
import type { Scenario } from '../report/section.js';
import { showMedian, showNumber, showRatio, table } from '../report/show.js';
import { target } from '../report/target.js';
import { baseOf, type Entrant, type Heat } from '../running/heat.js';
import { scaled } from '../settings.js';
import { lineUp } from './line-up.js';

const HEAT = 'memory';
const ONE = 'Bullpen batch, 1 row per job';
const PACKED = 'Bullpen batch, 100 rows per job';

/** How much memory in Redis a waiting row occupies. */
export function memoryScenario(scale: number): Scenario {
  const work = { kind: 'row', rows: scaled(100_000, scale) } as const;
  const entrants: Entrant[] = [
    ...lineUp('bulk', work),
    { label: ONE, contender: 'bullpen.batch', work: { ...work, fromFile: true } },
    { label: PACKED, contender: 'bullpen.batch', work: { ...work, fromFile: true, rowsPerJob: 100 } },
  ];
  const heat: Heat = { name: HEAT, entrants, weighsRedis: true };
  return {
    heats: [heat],
    maxRounds: 1,
    tell: (results) => ({
      title: `Memory in Redis: ${work.rows.toLocaleString('en-US')} waiting rows of about 100 bytes`,
      text: [
        'How much `used_memory` grew, by the number of rows: everything is in it, the overhead of each key as well.',
      ],
      plots: [
        {
          file: 'memory.svg',
          alt: 'Bytes of memory in Redis per waiting row, by contender',
          svg: barPlot('Memory in Redis', 'Bytes per waiting row, less is better', [
            { bars: barsOf(heat, results, bytesPerRow) },
          ]),
        },
      ],
      tables: [
        table(
          ['contender', 'bytes per row', 'ratio (min … max)'],
          entrants.map((entrant) => [
            entrant.label,
            showMedian(results.of(HEAT, entrant.label, bytesPerRow)),
            showRatio(results.ratio(HEAT, entrant.label, baseOf(heat, entrant), bytesPerRow)),
          ]),
        ),
      ],
      targets: [
        target(
          'Memory per row at 100 rows per job: at most 1/5 of that at 1 row per job',
          results.ratio(HEAT, PACKED, ONE, bytesPerRow),
          ({ median }) => `1/${showNumber(1 / median)}`,
          ({ median }) => median <= 1 / 5,
        ),
      ],
    }),
  };
}
