import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RedisProgram } from '@bullpen/dev-redis';
import { countOutstanding, countQueue, openRedis, type Redis } from '@bullpen/shared/internal';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { groupBy } from './check/group-by.js';
import type { Facts, IntendedJob } from './facts.js';
import { type Fleet, injectFaults } from './inject.js';
import { idStartsOf, startOfId } from './jobs.js';
import { type LedgerLine, readLines } from './ledger.js';
import { Machine } from './machine.js';
import type { Plan } from './plan.js';
import type { ProducerLine } from './producer-process.js';
import { ProducerSlot } from './producer-slot.js';
import { readJobs, type StoredJob } from './snapshot.js';
import { WorkerSlot } from './worker-slot.js';

export const HANDLERS = fileURLToPath(new URL('../../dist/chaos/handlers.js', import.meta.url));
const PREFIX = 'chaos';
const REST_LIMIT_MS = 60_000;
const REST_POLL_MS = 150;

/** Where and with what a plan runs. */
export interface RunSetting {
  readonly program: RedisProgram;
  /** An empty folder of the run's own; the caller removes it. */
  readonly folder: string;
  readonly handlers: string;
}

/**
 * Runs a plan on real processes and a real Redis: faults, healing, rest, stop. Returns what
 * happened; everything started has ended by then.
 */
export async function runPlan(plan: Plan, { program, folder, handlers }: RunSetting): Promise<Facts> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan));
  const redis = await RedisServer.start(program, folder);
  const env = { CHAOS_FOLDER: folder };
  const { queues, concurrency } = plan;
  const setting = { folder, redisPort: redis.port, prefix: PREFIX, handlers, queues, concurrency, env };
  const workers = Array.from({ length: plan.workers }, (_, slot) => new WorkerSlot(slot, setting));
  const fleet: Fleet = { redis, producer: new ProducerSlot(redis.port), workers };
  const machine = new Machine(() => ({
    workers: workers.flatMap(({ pid }) => pid ?? []),
    redis: redis.pid,
  }));
  try {
    await Promise.all(workers.map((worker) => worker.open()));
    await Promise.all(workers.map((worker) => worker.ready()));
    await fleet.producer.open(folder, PREFIX, env);
    // A process takes time to start, and more on a busy machine. Faults that hit a fleet without
    // work would show little.
    await until('the first handler to start', () => readLines<LedgerLine>(join(folder, 'ledger.ndjson')).length > 0);
    const faults = await injectFaults(plan.faults, fleet);
    await heal(fleet);
    const watcher = openRedis(redis.url, 'worker', 'chaos:watcher');
    try {
      const restless = await comeToRest(fleet, watcher, plan.queues);
      await Promise.all(workers.map((worker) => worker.retire()));
      const stored = (await Promise.all(plan.queues.map((queue) => readJobs(watcher, PREFIX, queue)))).flat();
      const lives = workers.flatMap((worker) => worker.lives);
      return { ...readFiles(plan, folder, stored), stored, faults, lives, waits: machine.waits, restless };
    } finally {
      watcher.disconnect();
    }
  } finally {
    machine.close();
    await Promise.allSettled([fleet.producer.close(), ...workers.map((worker) => worker.close())]);
    await redis.kill();
  }
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
async function comeToRest({ producer }: Fleet, redis: Redis, queues: readonly string[]): Promise<string | undefined> {
  const deadline = Date.now() + REST_LIMIT_MS;
  const missing = { what: 'the producer has not enqueued everything' };
  producer.finished.then(
    () => {
      missing.what = '';
    },
    (error: Error) => {
      missing.what = error.message;
    },
  );
  for (;;) {
    const counts = await Promise.all(queues.map((queue) => countQueue(redis, PREFIX, queue)));
    const rests = counts.every((count) => countOutstanding(count) === 0);
    if (rests && missing.what === '') return undefined;
    if (Date.now() > deadline) return missing.what || JSON.stringify(counts);
    await sleep(REST_POLL_MS);
  }
}

function readFiles(
  plan: Plan,
  folder: string,
  stored: readonly StoredJob[],
): Pick<Facts, 'intended' | 'accepted' | 'ledger'> {
  const accepted = readLines<ProducerLine>(join(folder, 'accepted.ndjson')).flatMap(({ ids }) => ids);
  const ledger = readLines<LedgerLine>(join(folder, 'ledger.ndjson'));
  const ran = ledger.flatMap(({ jobId }) => jobId ?? []);
  const idsByStart = groupBy([...new Set([...accepted, ...ran, ...stored.map(({ id }) => id)])], startOfId);
  const intents = new Set(readLines<ProducerLine>(join(folder, 'intents.ndjson')).map(({ chunk }) => chunk));
  const intended = plan.chunks.flatMap((chunk, at): IntendedJob[] => {
    if (!intents.has(at)) return [];
    const starts = idStartsOf(chunk);
    return chunk.jobs.flatMap((job, index) => {
      const start = starts[index] ?? '';
      const ids = idsByStart.get(start) ?? [start];
      return ids.map((id) => ({ ...job, id, queue: chunk.queue, kind: chunk.kind }));
    });
  });
  return { intended, accepted, ledger };
}
