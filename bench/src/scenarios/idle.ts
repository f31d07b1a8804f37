import { commandsPerRow, type Measure, ownCpuPerRow, redisCpuPerRow, rssMb } from '../report/results.js';
import type { Scenario } from '../report/section.js';
import { showMedian, showRatio, table } from '../report/show.js';
import { atMost, notDearer } from '../report/target.js';
import { baseOf, type Heat } from '../running/heat.js';
import { lineUp, RAW, withEvents } from './line-up.js';

const HEAT = 'idle';
const BULLPEN = withEvents('Bullpen');
const SECONDS = 20;

/** What a worker costs that has nothing to do. */
export function idleScenario(scale: number): Scenario {
  const work = { kind: 'empty', rows: Math.max(2, Math.round(SECONDS * scale)), concurrency: 10 } as const;
  const heat: Heat = {
    name: HEAT,
    sideBySide: true,
    entrants: [...lineUp('idle', work), { label: BULLPEN, contender: 'bullpen.idle', work }],
  };
  return {
    heats: [heat],
    tell: (results) => ({
      title: 'Idle: a worker with nothing to do',
      text: [
        `One queue, concurrency ${work.concurrency}, from 3 s after the worker was ready, for ${work.rows} s. All of them at the same time, each with a Redis of its own. Commands inside scripts count, too.`,
      ],
      plots: [],
      tables: [
        table(
          ['contender', 'commands/s', 'ratio (95 %)', 'Node µs/s', 'ratio (95 %)', 'Redis µs/s', 'maxRSS, MB'],
          heat.entrants.map((entrant) => {
            const of = (measure: Measure) => showMedian(results.of(HEAT, entrant.label, measure));
            const to = (measure: Measure) =>
              showRatio(results.ratio(HEAT, entrant.label, baseOf(heat, entrant), measure));
            const spent = [of(ownCpuPerRow), to(ownCpuPerRow), of(redisCpuPerRow), of(rssMb)];
            return [entrant.label, of(commandsPerRow), to(commandsPerRow), ...spent];
          }),
        ),
      ],
      targets: [
        notDearer(`${BULLPEN}, idle: no more commands than BullMQ`, results.ratio(HEAT, BULLPEN, RAW, commandsPerRow)),
        atMost(`${BULLPEN}, idle: Node's time, to BullMQ`, 1.2, results.ratio(HEAT, BULLPEN, RAW, ownCpuPerRow)),
      ],
      claims: [
        {
          what: "Node's time of an idle worker",
          toBullmq: results.ratio(HEAT, BULLPEN, RAW, ownCpuPerRow),
          toBee: results.ratio(HEAT, BULLPEN, 'bee-queue', ownCpuPerRow),
          isCost: true,
        },
      ],
    }),
  };
}
