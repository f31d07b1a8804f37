import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisServer } from '../support/redis-server.js';
import type { TcpProxy } from '../support/tcp-proxy.js';
import type { Fault } from './fault.js';
import type { PlannedFault } from './plan.js';
import type { ProducerSlot } from './producer-slot.js';
import type { WorkerSlot } from './worker-slot.js';

/** What faults are brought upon. */
export interface Fleet {
  readonly redis: RedisServer;
  readonly producer: ProducerSlot;
  readonly workers: readonly WorkerSlot[];
}

/**
 * Brings the planned faults about, each at its time and side by side, and records what really
 * happened. One that finds nobody there (its worker is just being restarted) is passed over.
 * Resolves when the last is over.
 */
export async function injectFaults(faults: readonly PlannedFault[], fleet: Fleet): Promise<Fault[]> {
  const recorded: Fault[] = [];
  const beganAt = Date.now();
  const redisTurn = takeTurns();
  await Promise.all(
    faults.map(async (planned) => {
      await sleep(Math.max(0, beganAt + planned.atMs - Date.now()));
      // Two at once upon Redis would undo each other: a restart waits for a Redis that somebody
      // froze.
      const upon = planned.kind.startsWith('redis') ? redisTurn : (act: () => Promise<Fault | undefined>) => act();
      const fault = await upon(() => inject(planned, fleet));
      if (fault !== undefined) recorded.push(fault);
    }),
  );
  return recorded.toSorted((a, b) => a.startedAt - b.startedAt);
}

/** How long a fault waits for its worker to have a handler running. */
const AIM_MS = 2_000;
/** The faults that hit one worker, and so can be aimed. */
const UPON_A_WORKER: Partial<Record<PlannedFault['kind'], true>> = {
  ...{ term: true, 'double-term': true, kill: true, freeze: true, cut: true, 'cut-in-reply': true, 'black-hole': true },
};

async function inject(planned: PlannedFault, { redis, producer, workers }: Fleet): Promise<Fault | undefined> {
  const { kind, slot, forMs, share, aimed } = planned;
  // An orchestrator, too, stops what serves. The other faults hit processes that are still
  // starting, as they come.
  if (kind === 'term') await workers[slot]?.listening();
  if (aimed && kind in UPON_A_WORKER) await workers[slot]?.atWork(AIM_MS);
  const target = slot === -1 ? producer : workers[slot];
  const pid = kind === 'producer-kill' ? producer.pid : target?.pid;
  const startedAt = Date.now();
  const over = (more: object = {}): Fault => ({ kind, startedAt, endedAt: Date.now(), ...more });

  switch (kind) {
    case 'redis-kill':
      await redis.kill();
      await sleep(forMs);
      await redis.start();
      return over();
    case 'redis-freeze':
      redis.send('SIGSTOP');
      await sleep(forMs);
      redis.send('SIGCONT');
      return over();
  }
  if (target === undefined || pid === undefined) return undefined;
  switch (kind) {
    case 'producer-kill':
      producer.send('SIGKILL');
      return over({ pid });
    case 'cut':
      target.proxy.cut();
      return over({ pid });
    case 'black-hole':
      target.proxy.mode = 'black-hole';
      await sleep(forMs);
      // Nobody has noticed by then that its connections are dead; they are, and bytes that were
      // swallowed would garble what comes behind them.
      target.proxy.cut();
      target.proxy.heal();
      return over({ pid });
    case 'cut-in-reply':
      return (await cutInReply(target.proxy, share))
        ? { kind, pid, startedAt: Date.now(), endedAt: Date.now() }
        : undefined;
    case 'term':
      target.send('SIGTERM');
      return over({ pid });
    case 'double-term':
      target.send('SIGTERM');
      await sleep(forMs);
      if (target.pid === pid) target.send('SIGTERM');
      return over({ pid });
    case 'kill':
      target.send('SIGKILL');
      return over({ pid });
    case 'freeze':
      target.send('SIGSTOP');
      await sleep(forMs);
      if (target.pid === pid) target.send('SIGCONT');
      return over({ pid });
  }
}

/** An idle connection has no reply to cut; one that comes within this time will do. */
const REPLY_LIMIT_MS = 2_000;

async function cutInReply(proxy: TcpProxy, share: number): Promise<boolean> {
  const patience = setTimeout(() => proxy.heal(), REPLY_LIMIT_MS);
  try {
    return await proxy.cutInReply(share);
  } finally {
    clearTimeout(patience);
  }
}

/** Runs what it is given one after the other. */
function takeTurns(): <T>(act: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (act) => {
    const turn = last.then(act);
    last = turn.catch(() => undefined);
    return turn;
  };
}
