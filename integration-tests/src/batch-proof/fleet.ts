import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Random } from '../chaos/random.js';
import { WorkerSlot } from '../chaos/worker-slot.js';
import type { RedisServer } from '../support/redis-server.js';
import { aimAtProducer } from './aims.js';
import { BATCH, PREFIX, proofRow, QUEUE } from './job.js';
import { ProducerSeat } from './producer-seat.js';
import type { Scenario } from './scenario.js';
import { chunkRowsOf, maxWaitingOf } from './size.js';
import type { Watch } from './watch.js';

const compiled = (name: string): string => fileURLToPath(new URL(`../../dist/batch-proof/${name}.js`, import.meta.url));
const WORKERS = 2;
const CONCURRENCY = 10;

/** What the processes of a run are started with. */
export interface FleetSetting {
  readonly scenario: Scenario;
  readonly redis: RedisServer;
  readonly folder: string;
  readonly rows: number;
  readonly rowsPerJob: number;
}

/** Places for the workers; none is started yet. */
export function workerSlots({ scenario, redis, folder }: FleetSetting): WorkerSlot[] {
  const setting = {
    ...{ folder, redisPort: redis.port, prefix: PREFIX, handlers: compiled('handlers'), queues: [QUEUE] },
    ...{ concurrency: CONCURRENCY, env: { PROOF_FOLDER: folder }, leaseMs: scenario.leaseMs, direct: true },
  };
  return Array.from({ length: WORKERS }, (_, slot) => new WorkerSlot(slot, setting));
}

/** Seats for the producers of the batch, with the kills that are planned for each. */
export function producerSeats(fleet: FleetSetting, source: string, kills: number, random: Random, watch: Watch) {
  const { scenario, folder, rows, rowsPerJob } = fleet;
  const { producers, stdin, victim, slowed } = scenario;
  const about = { rows: rows / producers, chunkRows: chunkRowsOf(rows, rowsPerJob), slowed: slowed === true };
  return Array.from({ length: producers }, (_, seat) => {
    const own = victim === 'producer' ? Math.ceil(kills / producers) : 0;
    return new ProducerSeat({
      ...{ name: `producer-${seat}`, folder, args: producerArgs(fleet, source), watch },
      input: stdin === true ? source : undefined,
      aims: aimAtProducer(random, { ...about, kills: own }),
    });
  });
}

function producerArgs({ scenario, redis, rows, rowsPerJob }: FleetSetting, source: string): string[] {
  const { stdin, keyed, slowed, keepMs, redisTimeoutMs } = scenario;
  const maxWaiting = maxWaitingOf(chunkRowsOf(rows, rowsPerJob), rowsPerJob);
  return [
    ...['batch', proofRow.name, stdin === true ? '-' : source, '--name', BATCH, '--format', 'ndjson', '--json'],
    ...['--jobs', compiled('job'), '--redis', redis.url, '--prefix', PREFIX, '--redis-timeout', `${redisTimeoutMs}ms`],
    ...['--rows-per-job', String(rowsPerJob)],
    ...(keyed === true ? ['--key-field', 'key'] : []),
    ...(slowed === true ? ['--max-waiting', String(maxWaiting)] : []),
    ...(keepMs === undefined ? [] : ['--keep', `${keepMs}ms`]),
  ];
}

/** The source of a run, in its folder. */
export const sourceOf = (folder: string): string => join(folder, 'source.ndjson');
