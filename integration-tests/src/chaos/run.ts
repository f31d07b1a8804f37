import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RedisProgram } from '@bullpen/dev-redis';
import { countOutstanding, countQueue, openRedis } from '@bullpen/shared/internal';
import { hostNow } from '../support/host-now.js';
import { joinEnv } from '../support/join-env.js';
import { RedisServer } from '../support/redis-server.js';
import { SkewedClock } from '../support/skewed-clock.js';
import { until } from '../support/until.js';
import { readBatchFacts } from './batch-facts.js';
import { SOURCE, sourceOf } from './batch-source.js';
import type { Facts } from './facts.js';
import type { Fault } from './fault.js';
import type { Fleet } from './fleet.js';
import { injectFaults, skewOf } from './inject.js';
import { type LedgerLine, readLines } from './ledger.js';
import { Machine } from './machine.js';
import type { Plan } from './planned.js';
import { ProducerSlot } from './producer-slot.js';
import { readFacts } from './read-facts.js';
import { readJobs } from './snapshot.js';
import { WorkerSlot } from './worker-slot.js';

export const HANDLERS = fileURLToPath(new URL('../../dist/chaos/handlers.js', import.meta.url));
const PREFIX = 'chaos';
/** A user that keeps its permissions while those of the others are taken away. */
const ADMIN = ['--user', 'chaos', 'on', '>chaos', '~*', '&*', '+@all'];
const REST_LIMIT_MS = 60_000;
const REST_POLL_MS = 150;

/** Where and with what a plan runs. */
export interface RunSetting {
  readonly program: RedisProgram;
  /** An empty folder of the run's own; the caller removes it. */
  readonly folder: string;
  readonly handlers: string;
  /** The environment of every process of Bullpen. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a plan on real processes and a real Redis: faults, healing, rest, stop. Returns what
 * happened; everything started has ended by then.
 */
export async function runPlan(plan: Plan, { program, folder, handlers, env: shared = {} }: RunSetting): Promise<Facts> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan));
  if (plan.batch !== undefined) writeFileSync(join(folder, SOURCE), sourceOf(plan.batch));
  const redis = await RedisServer.start(program, folder, { args: ADMIN });
  const { queues, concurrency } = plan;
  const workers = Array.from({ length: plan.workers }, (_, slot) => {
    const clock = clockOf(plan, slot, folder);
    const env = { CHAOS_FOLDER: folder, ...joinEnv(shared, clock?.env) };
    const setting = { folder, redisPort: redis.port, prefix: PREFIX, handlers, queues, concurrency, env };
    return new WorkerSlot(slot, clock === undefined ? setting : { ...setting, clock });
  });
  const admin = openRedis(redis.url.replace('://', '://chaos:chaos@'), 'worker', 'chaos:admin');
  const producer = new ProducerSlot(redis.port, clockOf(plan, -1, folder), shared);
  const prioritized = new Set(plan.chunks.filter(({ priority }) => priority > 0).map(({ queue }) => queue));
  const fleet: Fleet = { redis, admin, producer, workers, prefix: PREFIX, prioritized, folder };
  const machine = new Machine(() => ({
    workers: workers.flatMap(({ pid }) => pid ?? []),
    redis: redis.pid,
  }));
  try {
    await Promise.all(workers.map((worker) => worker.open()));
    await Promise.all(workers.map((worker) => worker.ready()));
    await producer.open(folder, PREFIX);
    const skewed = wrongFromTheStart(plan, fleet);
    // A process takes time to start, and more on a busy machine. Faults that hit a fleet without
    // work would show little.
    await until('the first handler to start', () => readLines<LedgerLine>(join(folder, 'ledger.ndjson')).length > 0);
    const faults = [...skewed, ...(await injectFaults(plan.faults, fleet))];
    await heal(fleet);
    const restless = await comeToRest(fleet, plan.queues);
    await Promise.all(workers.map((worker) => worker.retire()));
    const stored = (await Promise.all(plan.queues.map((queue) => readJobs(admin, PREFIX, queue)))).flat();
    const lives = workers.flatMap((worker) => worker.lives);
    const batch = plan.batch && (await readBatchFacts(plan.batch, { folder, redis: admin, prefix: PREFIX }));
    const read = readFacts(plan, folder, stored);
    return { concurrency, ...read, stored, batch, faults, lives, waits: machine.waits, restless };
  } finally {
    machine.close();
    admin.disconnect();
    await Promise.allSettled([fleet.producer.close(), ...workers.map((worker) => worker.close())]);
    await redis.kill();
  }
}

/** The clock of a worker, or of the producer, if the plan ever sets it. */
function clockOf({ faults }: Plan, slot: number, folder: string): SkewedClock | undefined {
  const set = faults.filter((fault) => fault.kind === 'skewed-clock' && fault.slot === slot);
  if (set.length === 0) return undefined;
  const first = set.find(({ atMs }) => atMs < 0);
  return new SkewedClock(join(folder, `clock-${slot}`), first === undefined ? 0 : skewOf(first));
}

/** The clocks that are wrong before the first fault comes. */
function wrongFromTheStart({ faults }: Plan, { producer, workers }: Fleet): Fault[] {
  return faults.flatMap(({ kind, slot, atMs }) => {
    const pid = (slot === -1 ? producer : workers[slot])?.pid;
    const at = hostNow();
    return kind === 'skewed-clock' && atMs < 0 && pid !== undefined ? [{ kind, pid, startedAt: at, endedAt: at }] : [];
  });
}

/** Ends every fault that is left. Most faults undo themselves; some still wait for their moment. */
async function heal({ redis, producer, workers }: Fleet): Promise<void> {
  redis.send('SIGCONT');
  await redis.start();
  for (const { proxy } of [producer, ...workers]) proxy.heal();
  for (const worker of workers) worker.send('SIGCONT');
}

/**
 * Waits until everything is enqueued and settled; says what is missing when that takes too long.
 */
async function comeToRest({ producer, admin }: Fleet, queues: readonly string[]): Promise<string | undefined> {
  const deadline = Date.now() + REST_LIMIT_MS;
  const missing = { what: 'the producer has not enqueued or cancelled everything' };
  producer.finished.then(
    () => {
      missing.what = '';
    },
    (error: Error) => {
      missing.what = error.message;
    },
  );
  for (;;) {
    const counts = await Promise.all(queues.map((queue) => countQueue(admin, PREFIX, queue)));
    const rests = counts.every((count) => countOutstanding(count) === 0);
    if (rests && missing.what === '') return undefined;
    if (Date.now() > deadline) return missing.what || JSON.stringify(counts);
    await sleep(REST_POLL_MS);
  }
}
