import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from '@bullpen/shared/internal';
import { hostNow } from '../support/host-now.js';
import { until } from '../support/until.js';
import type { Fault } from './fault.js';
import type { Fleet } from './fleet.js';
import type { PlannedFault } from './planned.js';

/** What else is known of a fault; its instants, where those of the call are too wide. */
type Found = Partial<Omit<Fault, 'kind'>>;

/** Does one fault of Redis, from beginning to end. Answers undefined when it hit nothing. */
export async function injectIntoRedis(planned: PlannedFault, fleet: Fleet): Promise<Found | undefined> {
  const { redis, admin } = fleet;
  const { kind, forMs, share } = planned;
  switch (kind) {
    case 'redis-kill':
      await redis.kill();
      await sleep(forMs);
      await redis.start();
      return {};
    case 'redis-freeze':
      redis.send('SIGSTOP');
      await sleep(forMs);
      redis.send('SIGCONT');
      return {};
    case 'redis-flush':
      await admin.flushall();
      return {};
    case 'redis-full':
      return fill(planned, fleet);
    case 'redis-acl':
      await takeAway(admin, share, forMs);
      return {};
    // While Redis has no room for connections, everybody who has to connect is refused.
    case 'cut-blocking':
      return cutBlocking(planned, fleet);
    default:
      return undefined;
  }
}

/** More than connections come to need or free in a few seconds. */
const MARGIN_BYTES = 300_000;
const LITTLE_BYTES = 20_000;
/** Often: what a queue holds is soon gone. */
const LOOK_MS = 20;
/** Long enough to see whether a queue is drained meanwhile; and how long new workers may take to start. */
const FULL_MS = 2_500;
const NEW_LIMIT_MS = 10_000;

/**
 * Redis has used up its memory: by far, or up to a little that the next inserts fill. Half of the
 * times all workers are replaced meanwhile: one that goes on working asks for less than one that
 * starts.
 */
async function fill({ share, forMs, aimed }: PlannedFault, { admin, workers }: Fleet): Promise<Found> {
  const used = async (): Promise<number> => Number(/used_memory:(\d+)/.exec(await admin.info('memory'))?.[1]);
  const before = await used();
  const limit = share < 0.5 ? before + LITTLE_BYTES : Math.max(1, before - MARGIN_BYTES);
  await admin.config('SET', 'maxmemory', String(limit));
  const startedAt = hostNow();
  let isOver = false;
  // Workers free memory, and a batch may fill it again.
  const least = leastOf(used, () => isOver);
  if (aimed) {
    const old = workers.map(({ pid }) => pid);
    for (const worker of workers) worker.send('SIGTERM');
    const isThere = (): boolean => workers.some(({ pid, isReady }, slot) => isReady && pid !== old[slot]);
    await until('a new worker', isThere, NEW_LIMIT_MS, LOOK_MS).catch(() => undefined);
  }
  await sleep(Math.max(forMs, FULL_MS));
  isOver = true;
  const throughout = (await least) >= limit + MARGIN_BYTES / 2;
  const endedAt = hostNow();
  await admin.config('SET', 'maxmemory', '0');
  return { startedAt, endedAt, throughout };
}

/** The least of what is measured, until it is over. */
async function leastOf(measure: () => Promise<number>, isOver: () => boolean): Promise<number> {
  let least = await measure();
  while (!isOver()) {
    await sleep(LOOK_MS);
    least = Math.min(least, await measure());
  }
  return least;
}

/** What is taken away from the user of all processes, as `ACL SETUSER` has it. */
const TAKEN: readonly (readonly string[])[] = [['-@all'], ['resetchannels'], ['-bzpopmin'], ['resetpass', '>other']];
const ALL_GIVEN = ['on', 'nopass', '~*', '&*', '+@all'];

async function takeAway(admin: Redis, share: number, forMs: number): Promise<void> {
  await admin.call('ACL', 'SETUSER', 'default', ...(TAKEN[Math.floor(share * TAKEN.length)] ?? []));
  // A password counts for new connections only.
  await admin.call('CLIENT', 'KILL', 'USER', 'default');
  await sleep(forMs);
  await admin.call('ACL', 'SETUSER', 'default', ...ALL_GIVEN);
}

/** A shorter time is none: the connections find Redis at their first attempt. */
const REFUSED_MS = 1_000;

/**
 * Cuts the connections on which one worker, or all of them, wait for jobs; or all connections but
 * the main ones. For a while Redis may have no room for new ones.
 */
async function cutBlocking(
  { share, aimed, slot, forMs }: PlannedFault,
  { admin, workers }: Fleet,
): Promise<Found | undefined> {
  const hit = workers.filter((_, at) => !aimed || at === slot);
  const clients = String(await admin.call('CLIENT', 'LIST'))
    .trim()
    .split('\n');
  const cut = hit.flatMap(({ pid, proxy }) => {
    const ports = new Set(proxy.ports);
    const ids = clients.filter((client) => {
      const name = /\bname=(\S*)/.exec(client)?.[1] ?? '';
      const isOurs = ports.has(Number(/\baddr=\S*:(\d+)/.exec(client)?.[1]));
      return isOurs && (share < 0.5 ? name.startsWith(BLOCKING) : name !== MAIN);
    });
    return pid === undefined || ids.length === 0 ? [] : [{ pid, ids }];
  });
  const victims = cut.map(({ pid }) => pid);
  const lines = cut.flatMap(({ ids }) => ids);
  if (lines.length === 0) return undefined;
  const isRefused = forMs >= REFUSED_MS;
  if (isRefused) await admin.config('SET', 'maxclients', String(clients.length - lines.length));
  const startedAt = hostNow();
  for (const line of lines) await admin.call('CLIENT', 'KILL', 'ID', /\bid=(\d+)/.exec(line)?.[1] ?? '0');
  if (!isRefused) return { victims, startedAt, endedAt: startedAt };
  await sleep(forMs);
  const endedAt = hostNow();
  await admin.config('SET', 'maxclients', '10000');
  return { victims, startedAt, endedAt };
}

/** The name of a worker's main connection; how those begin on which it waits for jobs. */
const MAIN = 'bullpen:worker';
const BLOCKING = 'chaos:';
