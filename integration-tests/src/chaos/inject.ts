import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisServer } from '../support/redis-server.js';
import type { TcpProxy } from '../support/tcp-proxy.js';
import type { Fault } from './fault.js';
import type { PlannedFault } from './plan.js';
import type { ProducerSlot } from './producer-slot.js';
import type { WorkerSlot } from './worker-slot.js';

/** What faults are injected into. */
export interface Fleet {
  readonly redis: RedisServer;
  readonly producer: ProducerSlot;
  readonly workers: readonly WorkerSlot[];
}

/**
 * Injects the planned faults, each at its time and side by side, and records what really happened.
 * A fault that finds no process, as its worker is just being restarted, is skipped. Resolves when
 * the last fault is over.
 */
export async function injectFaults(faults: readonly PlannedFault[], fleet: Fleet): Promise<Fault[]> {
  const recorded: Fault[] = [];
  const beganAt = Date.now();
  const redisTurn = takeTurns();
  await Promise.all(
    faults.map(async (planned) => {
      await sleep(Math.max(0, beganAt + planned.atMs - Date.now()));
      // Two faults of Redis at once would undo each other: a restart waits for a Redis that another
      // fault froze.
      const upon = planned.kind.startsWith('redis') ? redisTurn : (act: () => Promise<Fault | undefined>) => act();
      const fault = await upon(() => inject(planned, fleet));
      if (fault !== undefined) recorded.push(fault);
    }),
  );
  return recorded.toSorted((a, b) => a.startedAt - b.startedAt);
}

/** How long a fault waits for its worker to have a handler running. */
const AIM_MS = 2_000;
/** The faults that hit one worker, and so can wait for a running handler. */
const UPON_A_WORKER: Partial<Record<PlannedFault['kind'], true>> = {
  ...{ term: true, 'double-term': true, kill: true, freeze: true, cut: true, 'cut-in-reply': true, 'black-hole': true },
};

async function inject(planned: PlannedFault, { redis, producer, workers }: Fleet): Promise<Fault | undefined> {
  const { kind, slot, forMs, share, aimed } = planned;
  // An orchestrator also stops only what serves. The other faults hit processes that are still
  // starting, too.
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
      // The clients have not noticed yet that these connections are dead, and the missing bytes
      // would garble what comes next.
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

/** An idle connection has no reply to cut; a reply within this time will do. */
const REPLY_LIMIT_MS = 2_000;

async function cutInReply(proxy: TcpProxy, share: number): Promise<boolean> {
  const patience = setTimeout(() => proxy.heal(), REPLY_LIMIT_MS);
  try {
    return await proxy.cutInReply(share);
  } finally {
    clearTimeout(patience);
  }
}

/** Runs the calls that it is given one after the other. */
function takeTurns(): <T>(act: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (act) => {
    const turn = last.then(act);
    last = turn.catch(() => undefined);
    return turn;
  };
}
