import { comparePlot, compareTable } from '../report/compare.js';
import type { Claim } from '../report/readme.js';
import { type Results, rate, redisCpuPerRow } from '../report/results.js';
import type { Scenario } from '../report/section.js';
import { atLeast, fasterThanAll, type Target } from '../report/target.js';
import type { Entrant, Heat, Work } from '../running/heat.js';
import { scaled } from '../settings.js';
import { eachEvents, lineUp, RAW, rivalsIn, withEvents, withEventsOf } from './line-up.js';

const ONE = 'enqueue, one after the other';
const AT_ONCE = 'enqueue, 1,000 at once';
const BULK = 'rows in bulk';
const BATCH = 'Bullpen batch, NDJSON file';
const PACKED = 'Bullpen batch, 100 rows per job';
const RAW_FILE = 'BullMQ, NDJSON file';
const SINGLE = withEvents('Bullpen');
const MANY = withEvents('Bullpen enqueueMany');
/** Libraries without a call for many rows. */
const NO_BULK = ['groupmq', 'node-resque', 'platformatic'];

/** How fast jobs go in, by every way. */
export function enqueueScenario(scale: number): Scenario {
  const [few, more, many] = [4_000, 20_000, 40_000].map((rows) => scaled(rows, scale)) as [number, number, number];
  const single = (name: string, way: string, rows: number): Heat => {
    const work = { kind: 'row', rows, warmUp: { kind: 'empty', rows } } as const;
    const bullpen = { label: 'Bullpen', contender: `bullpen.${way}`, work };
    // Alone, a call waits for its answer most of the time: the others hardly differ.
    return {
      name,
      entrants: [...lineUp(way, work), ...(way === 'atOnce' ? eachEvents(bullpen) : [withEventsOf(bullpen)])],
    };
  };
  const heats = [single(ONE, 'oneByOne', few), single(AT_ONCE, 'atOnce', more), bulkHeat(many)];
  return {
    heats,
    tell: (results) => ({
      title: 'Enqueue: rows of about 100 bytes',
      text: [
        `${few.toLocaleString('en-US')} calls one after the other, ${more.toLocaleString('en-US')} with 1,000 in flight, ${many.toLocaleString('en-US')} rows by the call for many: \`addBulk\` and \`saveAll\` of 1,000. Each process has done as much before, unmeasured: a service enqueues for days, and Node is faster when it has compiled what runs often. Rows are in memory before the clock starts; \`batch\` and the row beside it read an NDJSON file within their time. Bullpen validates every row and answers for each, and has its own id for each; so have BullMQ, bull, groupmq and platformatic.`,
        `${NO_BULK.join(', ')} have no call for many rows.`,
      ],
      plots: [
        comparePlot('enqueue.svg', 'Enqueue', 'Rows per second, more is better', heats, results, rate),
        comparePlot(
          'enqueue-cpu.svg',
          'Enqueue: what it costs Redis',
          'CPU time of Redis per row in µs, less is better',
          heats,
          results,
          redisCpuPerRow,
        ),
      ],
      tables: heats.map((heat) => compareTable(heat, results)),
      targets: targetsOf(heats, results),
      claims: claimsOf(results),
    }),
  };
}

function bulkHeat(rows: number): Heat {
  const warm = (more: Partial<Work> = {}): Work => ({
    ...{ kind: 'row', rows, ...more },
    warmUp: { kind: 'empty', rows, ...more },
  });
  const bullpen = (label: string, way: string, more?: Partial<Work>): Entrant => ({
    label,
    contender: `bullpen.${way}`,
    work: warm(more),
  });
  const file = { label: RAW_FILE, contender: 'bullmq.file', work: warm({ fromFile: true }) };
  return {
    name: BULK,
    entrants: [
      ...lineUp('bulk', warm(), { without: NO_BULK }),
      file,
      ...eachEvents(bullpen('Bullpen enqueueMany', 'enqueueMany')),
      bullpen(BATCH, 'batch', { fromFile: true }),
      bullpen(PACKED, 'batch', { fromFile: true, rowsPerJob: 100 }),
    ],
  };
}

function targetsOf([, atOnce]: readonly Heat[], results: Results): Target[] {
  const to = (heat: string, label: string, other: string) => results.ratio(heat, label, other, rate);
  const faster = (what: string, heat: string, label: string, peers: readonly string[]) =>
    fasterThanAll(
      what,
      peers.map((peer) => ({ peer, ratio: to(heat, label, peer) })),
    );
  const rivals = atOnce === undefined ? [] : rivalsIn(atOnce);
  return [
    atLeast(`${ONE} (${SINGLE}), to BullMQ`, 1, to(ONE, SINGLE, RAW)),
    atLeast(`${AT_ONCE} (${SINGLE}), to BullMQ`, 3, to(AT_ONCE, SINGLE, RAW)),
    faster(`${AT_ONCE} (${SINGLE}): faster than every peer`, AT_ONCE, SINGLE, rivals),
    ...[MANY, BATCH].flatMap((label) => [
      atLeast(`${label}, to BullMQ addBulk`, 4, to(BULK, label, RAW)),
      faster(`${label}: faster than saveAll of bee-queue and addBulk of bull`, BULK, label, ['bee-queue', 'bull']),
    ]),
  ];
}

function claimsOf(results: Results): Claim[] {
  const claim = (what: string, heat: string, label: string, raw: string = RAW): Claim => ({
    what,
    toBullmq: results.ratio(heat, label, raw, rate),
    toBee: results.ratio(heat, label, 'bee-queue', rate),
  });
  return [
    claim('`enqueue`, one after the other, against `add` and `save`', ONE, SINGLE),
    claim('1,000 `enqueue` at once, against as many of these', AT_ONCE, SINGLE),
    claim('`enqueueMany`, against `addBulk` and `saveAll`', BULK, MANY),
    claim('a file: `batch`, against parsing it and `addBulk`', BULK, BATCH, RAW_FILE),
    claim('the same with 100 rows per job', BULK, PACKED, RAW_FILE),
  ];
}
