import type { Facts } from '../facts.js';
import { type ExitReason, lineOf, STOPPED } from '../life.js';
import { DRAIN_TIMEOUT_MS, LEASE_MS, TIMER_MS } from '../limits.js';
import { allFaults, harmBetween } from './all-faults.js';
import { handlerRuns } from './handler-runs.js';
import { clock, convict, type Finding } from './violation.js';
import { wasStarved } from './waited.js';

const LOST = 'lease lost; another worker may attempt the job';

/**
 * A worker that no fault has hit must not act as if one had: it loses no lease, leaves no outcome
 * unrecorded, and aborts no handler early.
 */
export function calmWhenCalm(facts: Facts): Finding {
  const faults = allFaults(facts);
  const aborts = handlerRuns(facts).flatMap(({ aborted, jobId, pid, startedAt }): string[] => {
    if (aborted === undefined) return [];
    const says = `${jobId} in ${pid} was aborted with ${aborted.reason} at ${clock(aborted.at)}`;
    if (aborted.reason === 'LeaseLost') {
      // The lease is older than the handler.
      const since = startedAt - LEASE_MS;
      const isHarmed =
        harmBetween(faults, pid, since, aborted.at) !== undefined || wasStarved(facts, pid, since, aborted.at);
      return isHarmed ? [] : [`${says}, and nothing had happened`];
    }
    if (aborted.reason === 'JobCancelled') {
      const isAsked = facts.cancels.some(({ id, sentAt }) => id === jobId && sentAt <= aborted.at);
      return isAsked ? [] : [`${says}, and nobody had cancelled it`];
    }
    const terms = facts.lives.find((life) => life.pid === pid && life.exitedAt >= aborted.at)?.sent ?? [];
    const [told, again] = terms.filter(({ signal, at }) => signal === 'SIGTERM' && at <= aborted.at);
    if (told === undefined) return [`${says}, and nobody had told it to stop`];
    const waitedMs = aborted.at - told.at;
    if (again !== undefined || waitedMs >= DRAIN_TIMEOUT_MS - TIMER_MS) return [];
    return [`${says}, ${waitedMs} ms after it was told to stop`];
  });
  const losses = facts.lives.flatMap((life) => {
    const { pid, startedAt, exitedAt } = life;
    if (harmBetween(faults, pid, startedAt, exitedAt) !== undefined) return [];
    if (wasStarved(facts, pid, startedAt, exitedAt)) return [];
    return saysItLost(life).map((says) => `worker ${life.pid} ${says}, and nothing had happened to it`);
  });
  return convict('alarmed', [...aborts, ...losses]);
}

function saysItLost(life: ExitReason): string[] {
  const { unrecorded = 0 } = (lineOf(life, STOPPED)?.['sinceStart'] ?? {}) as { readonly unrecorded?: number };
  return [
    ...(unrecorded > 0 ? [`says that ${unrecorded} outcomes are unrecorded`] : []),
    ...(lineOf(life, LOST) === undefined ? [] : ['says that it lost a lease']),
  ];
}
