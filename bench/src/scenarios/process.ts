import { comparePlot, compareTable } from '../report/compare.js';
import type { Claim } from '../report/readme.js';
import { ownCpuPerRow, type Results, rate, redisCpuPerRow } from '../report/results.js';
import type { Scenario } from '../report/section.js';
import { atLeast, atMost, fasterThanAll, notFarBehind, notSlower, type Target } from '../report/target.js';
import type { Entrant, Heat, Work } from '../running/heat.js';
import { scaled } from '../settings.js';
import { eachEvents, lineUp, RAW, rivalsIn, withEvents, withEventsOf } from './line-up.js';

const SINGLE = withEvents('Bullpen single jobs');
const NOT_AHEAD = 'Bullpen single jobs, no fetching ahead';
const ROWS = 'Bullpen, rows of a batch';
const PACKED = 'Bullpen, 100 rows per job';
const MANY = 'Bullpen, 100 rows per job, handleMany';

/**
 * How many rows contenders of BullMQ's speed get: one to three seconds each on a slow machine.
 * `rowsFloor` is what rows of a batch reached, to BullMQ, before single jobs became fast.
 */
const EMPTY = [
  { concurrency: 1, rows: 6_000, rowsFloor: 0.89 },
  { concurrency: 10, rows: 12_000, rowsFloor: 1.03 },
  { concurrency: 50, rows: 20_000, rowsFloor: 1.38 },
] as const;
const WAITING = [
  { handlerMs: 1, rows: 12_000 },
  { handlerMs: 20, rows: 3_000 },
] as const;
/** A slot of node-resque is a worker, so it is at its best when there are many. */
const NARROW_WITHOUT = ['node-resque'];
/** The concurrency of handlers that wait, and of the target for Node's time. */
const WIDE = 50;

const emptyName = (concurrency: number): string => `concurrency ${concurrency}`;
const waitingName = (ms: number): string => `handlers of ${ms} ms, concurrency ${WIDE}`;

/** How fast one worker process attempts jobs. */
export function processScenario(scale: number): Scenario {
  const empty = EMPTY.map((size) => ({ size, heat: emptyHeat(size.concurrency, scaled(size.rows, scale)) }));
  const waiting = WAITING.map(({ handlerMs, rows }) => waitingHeat(handlerMs, scaled(rows, scale)));
  const heats = [...empty.map(({ heat }) => heat), ...waiting];
  return {
    heats,
    tell: (results) => ({
      title: 'Process: one worker process',
      text: [
        "A warm worker: from the row after the first tenth to the last, as its handlers are called. Handlers do nothing, or wait for 1 ms or 20 ms. Bullpen's worker has its defaults: payloads validated, deadlines armed, outcomes logged at `info`; for rows of a batch it keeps the batch's books too. The others do none of this. Rows that share a job have six times as many rows to do, so that their time is not too short to measure.",
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
      targets: [
        ...empty.flatMap(({ size, heat }) => emptyTargets(size, heat, results)),
        ...waiting.flatMap((heat) => waitingTargets(heat, results)),
      ],
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
  const single = (more: Partial<Work> = {}) => bullpen('Bullpen single jobs', 'work', 'enqueueMany', more);
  // At least two jobs for each slot, however small the run is: else it would measure how slots
  // wait.
  const packed = { rows: Math.max(6 * rows, 200 * concurrency), rowsPerJob: 100, fromFile: true };
  return {
    name: emptyName(concurrency),
    entrants: [
      ...lineUp('work', work, { fill: 'bulk', without: concurrency === WIDE ? [] : NARROW_WITHOUT }),
      ...(concurrency === WIDE
        ? eachEvents(single())
        : [withEventsOf(single()), { ...single({ fetchAhead: false }), label: NOT_AHEAD }]),
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
      ...lineUp('work', work, { fill: 'bulk', without: NARROW_WITHOUT }),
      { ...bullpen, before: [{ contender: 'bullpen.enqueueMany', work }] },
    ],
  };
}

function emptyTargets({ concurrency, rowsFloor }: (typeof EMPTY)[number], heat: Heat, results: Results): Target[] {
  const { name } = heat;
  const toRaw = (label: string) => results.ratio(name, label, RAW, rate);
  const faster = (label: string) =>
    fasterThanAll(`${label}, ${name}: faster than every peer`, toPeers(heat, label, results));
  const cpu = results.ratio(name, SINGLE, RAW, ownCpuPerRow);
  return [
    atLeast(`${SINGLE}, ${name}, to BullMQ`, 2, toRaw(SINGLE)),
    faster(SINGLE),
    ...(concurrency === WIDE ? [atMost(`${SINGLE}, ${name}: Node's time per row, to BullMQ`, 0.4, cpu)] : []),
    atLeast(`${ROWS}, ${name}, to BullMQ`, rowsFloor, toRaw(ROWS)),
    ...[PACKED, MANY].flatMap((label) => [atLeast(`${label}, ${name}, to BullMQ`, 5, toRaw(label)), faster(label)]),
  ];
}

function waitingTargets(heat: Heat, results: Results): Target[] {
  const what = `${SINGLE}, ${heat.name}`;
  return [
    notSlower(`${what}: not slower than BullMQ`, results.ratio(heat.name, SINGLE, RAW, rate)),
    notFarBehind(`${what}: no peer ahead by more than 3 %`, toPeers(heat, SINGLE, results)),
  ];
}

const toPeers = (heat: Heat, label: string, results: Results) =>
  rivalsIn(heat).map((peer) => ({ peer, ratio: results.ratio(heat.name, label, peer, rate) }));

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
