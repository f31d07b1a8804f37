import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostNow } from '../support/host-now.js';
import type { TcpProxy } from '../support/tcp-proxy.js';
import type { Fault } from './fault.js';
import type { Fleet } from './fleet.js';
import { injectIntoRedis } from './inject-redis.js';
import { leaveStaleLease } from './inject-stale-lease.js';
import { type LedgerLine, readLines } from './ledger.js';
import type { PlannedFault } from './planned.js';

/**
 * Injects the planned faults, each at its time and side by side, and records what really happened.
 * A fault that finds no process, as its worker is just being restarted, is skipped. Resolves when
 * the last fault is over.
 */
export async function injectFaults(faults: readonly PlannedFault[], fleet: Fleet): Promise<Fault[]> {
  const recorded: Fault[] = [];
  const beganAt = hostNow();
  const redisTurn = takeTurns();
  await Promise.all(
    faults.map(async (planned, index) => {
      if (planned.atMs < 0) return;
      await sleep(Math.max(0, beganAt + planned.atMs - hostNow()));
      // Two faults of Redis at once would undo each other: a restart waits for a Redis that another
      // fault froze.
      const isOfRedis = planned.kind.startsWith('redis') || planned.kind === 'cut-blocking';
      const fault = await (isOfRedis
        ? redisTurn(() => upon(planned, fleet))
        : planned.kind === 'spin'
          ? stopSpinning(index, fleet)
          : planned.kind === 'stale-lease'
            ? leaveStaleLease(planned, index, fleet).catch(() => undefined)
            : inject(planned, fleet));
      if (fault !== undefined) recorded.push(...[fault].flat());
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

async function upon(planned: PlannedFault, fleet: Fleet): Promise<Fault | undefined> {
  const startedAt = hostNow();
  const found = await injectIntoRedis(planned, fleet);
  return found && { kind: planned.kind, startedAt, endedAt: hostNow(), ...found };
}

/** By how much a clock is set. */
export const skewOf = ({ share }: Pick<PlannedFault, 'share'>): number => Math.round((2 * share - 1) * MOST_SKEW_MS);
const MOST_SKEW_MS = 600_000;

async function inject(planned: PlannedFault, { producer, workers }: Fleet): Promise<Fault | undefined> {
  const { kind, slot, forMs, share, aimed } = planned;
  // An orchestrator also stops only what serves. The other faults hit processes that are still
  // starting, too.
  if (kind === 'term') await workers[slot]?.listening();
  if (aimed && kind in UPON_A_WORKER) await workers[slot]?.atWork(AIM_MS);
  const target = slot === -1 ? producer : workers[slot];
  const pid = kind === 'producer-kill' ? producer.pid : target?.pid;
  const startedAt = hostNow();
  const over = (more: object = {}): Fault => ({ kind, startedAt, endedAt: hostNow(), ...more });

  if (target === undefined || pid === undefined) return undefined;
  switch (kind) {
    case 'producer-kill':
      producer.send('SIGKILL');
      return over({ pid });
    case 'skewed-clock':
      target.clock?.set(skewOf(planned));
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
        ? { kind, pid, startedAt: hostNow(), endedAt: hostNow() }
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
    default:
      return undefined;
  }
}

/** How long a spinning handler is waited for: its job may be behind others. */
const SPIN_LIMIT_MS = 20_000;

/**
 * SIGTERM to a process as soon as its event loop spins. The fault itself is in the ledger, as all
 * that handlers do.
 */
async function stopSpinning(index: number, { folder, workers }: Fleet): Promise<undefined> {
  const deadline = performance.now() + SPIN_LIMIT_MS;
  while (performance.now() < deadline) {
    const lines = readLines<LedgerLine>(join(folder, 'ledger.ndjson'));
    const spinning = lines.find(({ event, jobId }) => event === 'blocking' && jobId?.startsWith(`k-spin-${index}-`));
    if (spinning !== undefined) {
      workers.find(({ pid }) => pid === spinning.pid)?.send('SIGTERM');
      return;
    }
    await sleep(20);
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
