import { barPlot, barsOf } from '../report/bar-plot.js';
import { rate, rssMb } from '../report/results.js';
import type { Scenario } from '../report/section.js';
import { showMedian, showNumber, showRatio, table } from '../report/show.js';
import { atMost, target } from '../report/target.js';
import type { Entrant, Heat } from '../running/heat.js';
import { scaled } from '../settings.js';

const HEAT = 'rss';
const BASELINE = 'connected, no rows yet';
const labelOf = (rows: number): string => `${rows.toLocaleString('en-US')} rows`;

/** Whether a producer's memory depends on how long its file is. */
export function rssScenario(scale: number): Scenario {
  const sizes = [10_000, 100_000, 1_000_000].map((rows) => scaled(rows, scale));
  const hundredThousand = labelOf(scaled(100_000, scale));
  const million = labelOf(scaled(1_000_000, scale));
  const entrants: Entrant[] = [
    { label: BASELINE, contender: 'bullpen.connect', work: { kind: 'row', rows: 1 } },
    ...sizes.map((rows) => ({
      label: labelOf(rows),
      contender: 'bullpen.batch',
      work: { kind: 'row', rows, fromFile: true } as const,
    })),
  ];
  const heat: Heat = { name: HEAT, entrants };
  return {
    heats: [heat],
    maxRounds: 3,
    tell: (results) => ({
      title: 'Memory of the producer: `batch` from an NDJSON file',
      text: [
        'The most resident memory of a fresh process (`maxRSS`), Node itself included. A process that has imported everything and connected is the first line.',
      ],
      plots: [
        {
          file: 'producer-memory.svg',
          alt: 'The most resident memory of a producer process, by rows of the file',
          svg: barPlot('Memory of the producer', 'Most resident memory of the process in MB, less is better', [
            { bars: barsOf(heat, results, rssMb) },
          ]),
        },
      ],
      tables: [
        table(
          ['file', 'maxRSS, MB', `to ${hundredThousand} (min … max)`, 'rows/s'],
          entrants.map(({ label }) => [
            label,
            showMedian(results.of(HEAT, label, rssMb)),
            showRatio(results.ratio(HEAT, label, hundredThousand, rssMb)),
            label === BASELINE ? '' : showMedian(results.of(HEAT, label, rate)),
          ]),
        ),
      ],
      targets: [
        target(
          `Producer, ${million}: below 200 MB in every round`,
          results.of(HEAT, million, rssMb),
          ({ max }) => `at most ${showNumber(max)} MB`,
          ({ max }) => max < 200,
        ),
        atMost(
          `Producer, ${million}, to its memory for ${hundredThousand}`,
          1.1,
          results.ratio(HEAT, million, hundredThousand, rssMb),
        ),
      ],
    }),
  };
}
