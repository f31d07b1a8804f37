import type { Facts } from '../facts.js';
import { LEASE_MS } from '../limits.js';
import { allFaults, felt, isHarmful } from './all-faults.js';
import { groupBy } from './group-by.js';
import { handlerRuns } from './handler-runs.js';
import { idleFor, idleTimes } from './idle.js';
import { waits } from './kept-waiting.js';
import { clock, convict, type Finding } from './violation.js';

/** How long a worker may leave a job alone that has waited since before Redis was full. */
const IDLE_MS = 1_500;

/** A Redis without memory is drained: its workers take jobs as ever. */
export function drainsWhenFull(facts: Facts): Finding {
  const faults = allFaults(facts);
  const idle = idleTimes(facts);
  const runsOf = groupBy(handlerRuns(facts), ({ jobId }) => jobId);
  const cancelled = new Set(facts.cancels.map(({ id }) => id));
  return convict(
    'not drained',
    faults.flatMap(({ kind, startedAt, endedAt }) => {
      if (kind !== 'redis-full') return [];
      // Jobs of a process that was hit just before come back late.
      const isMixed = faults.some(
        (fault) => isHarmful(fault) && fault.startedAt < endedAt && felt(fault) > startedAt - 2 * LEASE_MS,
      );
      const worker = isMixed ? undefined : idleFor(idle, facts, { from: startedAt, to: endedAt, forMs: IDLE_MS });
      if (worker === undefined) return [];
      const left = waits(facts).filter(({ id, dueAt }) => {
        const first = runsOf.get(id)?.[0]?.startedAt ?? Number.POSITIVE_INFINITY;
        return dueAt < startedAt && first > worker.from + IDLE_MS && !cancelled.has(id);
      });
      if (left.length === 0) return [];
      return [
        `Redis was full from ${clock(startedAt)} to ${clock(endedAt)}; ${left.length} jobs waited, as ${left[0]?.id}, though worker ${worker.pid} was idle from ${clock(worker.from)} to ${clock(worker.to)}`,
      ];
    }),
  );
}

/** A Redis without memory takes no jobs, and none of a chunk that it refuses. */
export function refusesWhenFull(facts: Facts): Finding {
  const full = facts.faults.filter(({ kind, throughout }) => kind === 'redis-full' && throughout === true);
  return convict(
    'beyond its limit',
    facts.accepted.flatMap(({ chunk, ids, added, sentAt, at, wasRefused }) => {
      // Of a job that a fault has added we know only when it started.
      const isOurs = sentAt < at;
      const over = full.find(({ startedAt, endedAt }) => isOurs && sentAt > startedAt && at < endedAt);
      if (over !== undefined && added.length > 0)
        return [
          `chunk ${chunk} was taken at ${clock(at)}, though Redis was full from ${clock(over.startedAt)} to ${clock(over.endedAt)}`,
        ];
      if (!wasRefused || added.length === ids.length) return [];
      return [
        `chunk ${chunk} had only been refused, and ${ids.length - added.length} of its jobs were there all the same`,
      ];
    }),
  );
}
