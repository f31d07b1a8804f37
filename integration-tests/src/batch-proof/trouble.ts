import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../chaos/random.js';
import type { WorkerSlot } from '../chaos/worker-slot.js';
import type { RedisServer } from '../support/redis-server.js';
import type { Aim } from './aims.js';
import type { Watch } from './watch.js';

/** From when to when Redis was away. */
export interface Outage {
  readonly startedAt: number;
  readonly endedAt: number;
}

/**
 * How long Redis stays away at most, besides the time that it takes to read its data. Longer than a
 * producer waits for it.
 */
const MAX_OUTAGE_MS = 1_200;

/** The settings of a series of kills. */
export interface Troubling {
  readonly aims: readonly Aim[];
  readonly random: Random;
  readonly watch: Watch;
  /** Whether the batch is settled, so that no more kills are needed. */
  readonly isOver: () => boolean;
}

/** Kills Redis and starts it again on its data, as planned, until the batch is settled. */
export async function restartRedis(redis: RedisServer, troubling: Troubling): Promise<Outage[]> {
  const outages: Outage[] = [];
  await eachInTurn(troubling, async () => {
    const startedAt = Date.now();
    await redis.kill();
    await sleep(troubling.random.int(0, MAX_OUTAGE_MS));
    await redis.start();
    outages.push({ startedAt, endedAt: Date.now() });
  });
  return outages;
}

/**
 * Kills one worker after the other, as planned, until the batch is settled. Each is started again
 * by its slot.
 */
export async function killWorkers(workers: readonly WorkerSlot[], troubling: Troubling): Promise<[]> {
  await eachInTurn(troubling, async () => {
    troubling.random.pick(workers).send('SIGKILL');
  });
  return [];
}

async function eachInTurn({ aims, watch, isOver }: Troubling, strike: () => Promise<void>): Promise<void> {
  for (const aim of aims) {
    if (aim.kind !== 'growth') continue;
    const { settled: from } = await watch.progress();
    if (!(await watch.until(({ settled }) => settled >= from + aim.rows, isOver))) return;
    await sleep(aim.ms);
    await strike();
  }
}
