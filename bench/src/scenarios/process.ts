import { comparePlot, compareTable } from '../report/compare.js';
import type { Claim } from '../report/readme.js';
import { ownCpuPerRow, type Results, rate, redisCpuPerRow } from '../report/results.js';
import type { Scenario } from '../report/section.js';
import { atLeast, atMost, fasterThanAll, notFarBehind, notSlower, type Target } from '../report/target.js';
import type { Entrant, Heat, Work } from '../running/heat.js';
import { scaled } from '../settings.js';
import { eachEvents, lineUp, RAW, RIVALS, withEvents } from './line-up.js';

const SINGLE = withEvents('Bullpen single jobs');
const ROWS = 'Bullpen, rows of a batch';
const PACKED = 'Bullpen, 100 rows per job';
const MANY = 'Bullpen, 100 rows per job, handleMany';

/**
 * How many rows contenders of BullMQ's speed get: one to three seconds each on a slow machine.
 * `rowsFloor` is what rows of a batch reached, to BullMQ, before single jobs became fast.
 */
const EMPTY = [
  { concurrency: 1, rows: 6_000, rowsFloor: 0.89 },
  { concurrency: 10, rows: 20_000, rowsFloor: 1.03 },
  { concurrency: 50, rows: 30_000, rowsFloor: 1.38 },
] as const;
const WAITING = [
  { handlerMs: 1, rows: 20_000 },
  { handlerMs: 20, rows: 5_000 },
] as const;
/** The concurrency of handlers that wait, and of the target for Node's time. */
const WIDE = 50;

const emptyName = (concurrency: number): string => `concurrency ${concurrency}`;
const waitingName = (ms: number): string => `handlers of ${ms} ms, concurrency ${WIDE}`;

/** How fast one worker process attempts jobs. */
export function processScenario(scale: number): Scenario {
  const heats = [
    ...EMPTY.map(({ concurrency, rows }) => emptyHeat(concurrency, scaled(rows, scale))),
    ...WAITING.map(({ handlerMs, rows }) => waitingHeat(handlerMs, scaled(rows, scale))),
  ];
  return {
    heats,
    tell: (results) => ({
      title: 'Process: one worker process',
      text: [
        "A warm worker: from the row after the first tenth to the last, as its handlers are called. Handlers do nothing, or wait for 1 ms or 20 ms. Bullpen's worker has its defaults: payloads validated, deadlines armed, outcomes logged at `info`; for rows of a batch it keeps the batch's books too. The others do none of this. Rows that share a job have ten times as many rows to do, so that their time is not too short to measure.",
        'Where rows share a job, `handle` is called once per row, and no row begins before Redis has the end of the one before it in that slot: a kill repeats at most the row in hand. `handleMany` has the rows of a job all at once, their ends are one call, and a kill repeats those that it had.',
      ],
      plots: [
        comparePlot('process.svg', 'Process', 'Rows per second, more is better', heats, results, rate),
        comparePlot(
          'process-cpu.svg',
          'Process: what it costs Redis',
          'CPU time of Redis per row in µs, less is better',
          heats,
          results,
          redisCpuPerRow,
        ),
      ],
      tables: heats.map((heat) => compareTable(heat, results)),
      targets: [...EMPTY.flatMap((size) => emptyTargets(size, results)), ...waitingTargets(results)],
      claims: claimsOf(results),
    }),
  };
}

function emptyHeat(concurrency: number, rows: number): Heat {
  const work = { kind: 'empty', rows, concurrency } as const;
  const bullpen = (label: string, way: string, fill: string, more: Partial<Work> = {}): Entrant => {
    const own = { ...work, ...more };
    return { label, contender: `bullpen.${way}`, work: own, before: [{ contender: `bullpen.${fill}`, work: own }] };
  };
  // At least two jobs for each slot, however small the run is: else it would measure how slots
  // wait.
  const packed = { rows: Math.max(10 * rows, 200 * concurrency), rowsPerJob: 100, fromFile: true };
  return {
    name: emptyName(concurrency),
    entrants: [
      ...lineUp('work', work, { fill: 'bulk' }),
      ...eachEvents(bullpen('Bullpen single jobs', 'work', 'enqueueMany')),
      bullpen(ROWS, 'work', 'batch', { fromFile: true }),
      bullpen(PACKED, 'work', 'batch', packed),
      bullpen(MANY, 'workMany', 'batch', packed),
    ],
  };
}

function waitingHeat(handlerMs: number, rows: number): Heat {
  const work = { kind: 'empty', rows, concurrency: WIDE, handlerMs } as const;
  const bullpen = { label: SINGLE, contender: 'bullpen.work', work };
  return {
    name: waitingName(handlerMs),
    entrants: [
      ...lineUp('work', work, { fill: 'bulk' }),
      { ...bullpen, before: [{ contender: 'bullpen.enqueueMany', work }] },
    ],
  };
}

function emptyTargets({ concurrency, rowsFloor }: (typeof EMPTY)[number], results: Results): Target[] {
  const heat = emptyName(concurrency);
  const to = (label: string, other: string) => results.ratio(heat, label, other, rate);
  const toPeers = (label: string) => RIVALS().map(({ label: peer }) => ({ peer, ratio: to(label, peer) }));
  return [
    atLeast(`${SINGLE}, ${heat}, to BullMQ`, 2, to(SINGLE, RAW)),
    fasterThanAll(`${SINGLE}, ${heat}: faster than every peer`, toPeers(SINGLE)),
    ...(concurrency === WIDE
      ? [
          atMost(
            `${SINGLE}, ${heat}: Node's time per row, to BullMQ`,
            0.4,
            results.ratio(heat, SINGLE, RAW, ownCpuPerRow),
          ),
        ]
      : []),
    atLeast(`${ROWS}, ${heat}, to BullMQ`, rowsFloor, to(ROWS, RAW)),
    ...[PACKED, MANY].flatMap((label) => [
      atLeast(`${label}, ${heat}, to BullMQ`, 5, to(label, RAW)),
      fasterThanAll(`${label}, ${heat}: faster than every peer`, toPeers(label)),
    ]),
  ];
}

function waitingTargets(results: Results): Target[] {
  return WAITING.flatMap(({ handlerMs }) => {
    const heat = waitingName(handlerMs);
    const to = (other: string) => results.ratio(heat, SINGLE, other, rate);
    const peers = RIVALS().map(({ label: peer }) => ({ peer, ratio: to(peer) }));
    return [
      notSlower(`${SINGLE}, ${heat}: not slower than BullMQ`, to(RAW)),
      notFarBehind(`${SINGLE}, ${heat}: no peer ahead by more than 3 %`, peers),
    ];
  });
}

function claimsOf(results: Results): Claim[] {
  const claim = (what: string, heat: string, label: string): Claim => ({
    what: `${what}, ${heat}`,
    toBullmq: results.ratio(heat, label, RAW, rate),
    toBee: results.ratio(heat, label, 'bee-queue', rate),
  });
  return [
    ...EMPTY.map(({ concurrency }) => claim('a worker, single jobs', emptyName(concurrency), SINGLE)),
    ...WAITING.map(({ handlerMs }) => claim('a worker', waitingName(handlerMs), SINGLE)),
    ...EMPTY.map(({ concurrency }) => claim('a worker, rows of a batch', emptyName(concurrency), ROWS)),
    ...EMPTY.map(({ concurrency }) => claim('100 rows per job', emptyName(concurrency), PACKED)),
    ...EMPTY.map(({ concurrency }) => claim('100 rows per job, `handleMany`', emptyName(concurrency), MANY)),
  ];
}
