import type { Facts } from '../facts.js';
import { IDLE_LIMIT_MS } from '../limits.js';
import { allFaults, felt, isHarmful } from './all-faults.js';
import { groupBy } from './group-by.js';
import { handlerRuns } from './handler-runs.js';
import { idleFor, idleTimes } from './idle.js';
import { clock, convict, type Finding } from './violation.js';

/**
 * A job does not wait long for its first attempt while a worker is ready, unharmed and idle. A job that
 * a dead process may have had is a suspect: it waits while each worker attempts another suspect, beside
 * free slots.
 */
export function nobodyIsKeptWaiting(facts: Facts): Finding {
  const idle = idleTimes(facts);
  const whollyIdle = idleTimes({ ...facts, concurrency: 1 });
  const harms = allFaults(facts).filter(isHarmful);
  const deaths = facts.lives.filter(({ signal, code }) => signal !== null || code === 70);
  const runsOf = groupBy(handlerRuns(facts), ({ jobId }) => jobId);
  const cancelledAt = new Map(facts.cancels.map(({ id, sentAt }) => [id, sentAt]));
  return convict(
    'kept waiting',
    waits(facts).flatMap(({ id, dueAt }) => {
      const startedAt = runsOf.get(id)?.[0]?.startedAt;
      const to = Math.min(startedAt ?? Number.POSITIVE_INFINITY, cancelledAt.get(id) ?? Number.POSITIVE_INFINITY);
      const isSuspect =
        harms.some((fault) => fault.startedAt <= to && felt(fault) >= dueAt) ||
        deaths.some(({ exitedAt }) => exitedAt >= dueAt && exitedAt <= to);
      const worker = idleFor(isSuspect ? whollyIdle : idle, facts, { from: dueAt, to, forMs: IDLE_LIMIT_MS });
      if (worker === undefined) return [];
      const until = startedAt === undefined ? 'never started' : `started at ${clock(startedAt)}`;
      return [
        `${id} was due at ${clock(dueAt)} and ${until}, though worker ${worker.pid} was idle since ${clock(worker.from)}`,
      ];
    }),
  );
}

/** From when on a job could have started, as the producer knows. */
export interface Due {
  readonly id: string;
  readonly dueAt: number;
}

/** Every accepted job, with the instant from which it waited for a worker. */
export function waits({ accepted, reuses, intended }: Facts): Due[] {
  const delays = new Map(intended.map(({ id, delayMs }) => [id, delayMs]));
  const known = [...accepted, ...reuses.map(({ id, at }) => ({ ids: [id], at }))];
  return known.flatMap(({ ids, at }) =>
    ids.flatMap((id) => {
      const delayMs = delays.get(id);
      return delayMs === undefined ? [] : [{ id, dueAt: at + delayMs }];
    }),
  );
}
