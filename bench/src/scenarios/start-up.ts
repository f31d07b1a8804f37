import { msPerRow } from '../report/results.js';
import type { Scenario } from '../report/section.js';
import { showMedian, showRatio, table } from '../report/show.js';
import { atMost } from '../report/target.js';
import type { Entrant, Heat } from '../running/heat.js';

const HEAT = 'start-up';
const NODE = 'Node alone: `node -e 0`';

/** Each program, and how often it may take the time of Node alone. */
const PROGRAMS: readonly { label: string; way: string; most?: number }[] = [
  { label: NODE, way: 'node' },
  { label: 'BullMQ: adds a job, and ends', way: 'bullmqAdd' },
  { label: 'BullMQ: a worker is ready', way: 'bullmqReady' },
  { label: '`bullpen-producer enqueue --help`', way: 'producerHelp', most: 1.75 },
  { label: '`bullpen-worker --help`', way: 'workerHelp', most: 1.75 },
  { label: '`bullpen-producer enqueue` of a job', way: 'enqueue', most: 3.1 },
  { label: '`bullpen-worker` is ready', way: 'ready', most: 4.4 },
];

/** How long the commands take to start. */
export function startUpScenario(): Scenario {
  const entrants: Entrant[] = PROGRAMS.map(({ label, way }) => ({
    label,
    contender: `start-up.${way}`,
    work: { kind: 'empty', rows: 2 },
  }));
  const heat: Heat = { name: HEAT, entrants };
  return {
    heats: [heat],
    tell: (results) => ({
      title: 'Start-up of commands',
      text: [
        'From the start of the process until it has ended; of a worker, until it says that it is ready. The files are in the cache of the disk. The jobs and handlers load nothing but Bullpen.',
      ],
      plots: [],
      tables: [
        table(
          ['command', 'ms', 'to Node alone (95 %)'],
          PROGRAMS.map(({ label }) => [
            label,
            showMedian(results.of(HEAT, label, msPerRow)),
            showRatio(results.ratio(HEAT, label, NODE, msPerRow)),
          ]),
        ),
      ],
      targets: PROGRAMS.flatMap(({ label, most }) =>
        most === undefined ? [] : [atMost(`${label}, to Node alone`, most, results.ratio(HEAT, label, NODE, msPerRow))],
      ),
    }),
  };
}
