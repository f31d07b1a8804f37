import { mkdirSync } from 'node:fs';
import type { RedisProgram } from '@bullpen/dev-redis';
import { readLines } from '../chaos/ledger.js';
import { Random } from '../chaos/random.js';
import { RedisServer } from '../support/redis-server.js';
import { aimBySettled } from './aims.js';
import type { Facts } from './facts.js';
import { producerSeats, sourceOf, workerSlots } from './fleet.js';
import { ledgerOf, type RowLine } from './handlers.js';
import { comeToRest } from './rest.js';
import { planRows, writeSource } from './rows.js';
import type { Scenario } from './scenario.js';
import { chunkRowsOf, padFor } from './size.js';
import { keepAllEvents, readStored } from './stored.js';
import { killWorkers, type Outage, restartRedis } from './trouble.js';
import { Watch } from './watch.js';

/** The settings of a run. */
export interface RunSetting {
  readonly program: RedisProgram;
  /** A folder of the run's own; the caller removes it. */
  readonly folder: string;
  readonly seed: number;
  readonly rows: number;
  readonly kills: number;
  readonly rowsPerJob: number;
}

/**
 * Brings a batch to its end through kills, on real processes and a real Redis. Returns what
 * happened; everything started has ended by then.
 */
export async function runScenario(scenario: Scenario, setting: RunSetting): Promise<Facts> {
  const { program, folder, seed, rows, rowsPerJob } = setting;
  const random = new Random(seed);
  const pad = padFor(chunkRowsOf(rows, rowsPerJob), rowsPerJob);
  const plan = planRows(random, rows, { keyed: scenario.keyed === true, pad });
  const kills = Math.max(1, Math.round(setting.kills * scenario.share));
  mkdirSync(folder, { recursive: true });
  await writeSource(sourceOf(folder), plan);

  const redis = await RedisServer.start(program, folder);
  const watch = new Watch(redis.url);
  const fleet = { scenario, redis, folder, rows, rowsPerJob };
  const workers = workerSlots(fleet);
  const seats = producerSeats(fleet, sourceOf(folder), kills, random, watch);
  const aims = aimBySettled(random, kills, rows);
  let isOver = false;
  let trouble: Promise<readonly Outage[]> = Promise.resolve([]);
  try {
    await keepAllEvents(watch.redis);
    await Promise.all(workers.map((worker) => worker.open()));
    await Promise.all(workers.map((worker) => worker.ready()));
    if (scenario.victim === 'redis') trouble = restartRedis(redis, { aims, random, watch, isOver: () => isOver });
    if (scenario.victim === 'worker') trouble = killWorkers(workers, { aims, random, watch, isOver: () => isOver });
    const producers = await unlessFailed(trouble, Promise.all(seats.map((seat) => seat.run())));
    const restless = await unlessFailed(trouble, comeToRest(watch));
    isOver = true;
    const outages = await trouble;
    await Promise.all(workers.map((worker) => worker.retire()));
    const stored = await readStored(watch.redis, rows, scenario.keepMs);
    const ledger = readLines<RowLine>(ledgerOf(folder));
    const lives = workers.flatMap((worker) => worker.lives);
    return {
      ...{ scenario, rowsPerJob, plan, producers, workers: lives, outages },
      ...{ ledger, stored, restless },
    };
  } finally {
    isOver = true;
    await Promise.allSettled([trouble, ...[...seats, ...workers].map((one) => one.close())]);
    watch.close();
    await redis.kill();
  }
}

/** A Redis that does not start again ends the run: every process would wait for ever. */
function unlessFailed<T>(trouble: Promise<unknown>, work: Promise<T>): Promise<T> {
  return Promise.race([work, trouble.then(() => work)]);
}
