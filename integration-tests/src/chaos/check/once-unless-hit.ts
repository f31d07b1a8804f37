import type { Facts, IntendedJob } from '../facts.js';
import type { Fault } from '../fault.js';
import { ABORT_GRACE_MS, RECORDING_MS, TIMER_MS } from '../limits.js';
import { allFaults, felt, harmBetween, isHarmful, isStandstill } from './all-faults.js';
import { groupBy } from './group-by.js';
import { describeRun, type HandlerRun, handlerRuns } from './handler-runs.js';
import { clock, type Explained, type Finding, type Violation } from './violation.js';

const IGNORING = 'handed back while ignoring its signal';

/**
 * A handler runs to its end once per attempt, and in one process at a time, unless the earlier of
 * two runs was itself hit: its process killed, frozen or blocked for longer than a lease allows,
 * its connection cut, Redis away; or unless it was handed back in a drain and ignored its signal.
 * Each time that happened is listed with its explanation.
 */
export function onceUnlessHit(facts: Facts): Finding {
  const faults = allFaults(facts);
  const intended = new Map(facts.intended.map((job) => [job.id, job]));
  const violations: Violation[] = [];
  const explained: Explained[] = [];
  for (const runs of groupBy(handlerRuns(facts), ({ jobId, key }) => `${jobId} ${key}`).values()) {
    const id = runs[0]?.jobId ?? '';
    for (const [earlier, later, kind] of pairs(runs)) {
      const says = `${id}: ${describeRun(earlier)} and ${describeRun(later)}`;
      const because = explanation(earlier, later, intended.get(id), faults);
      if (because === undefined) violations.push({ kind, says });
      else explained.push({ kind, says: `${says}, ${because.says}`, because: because.kind });
    }
  }
  return { violations, explained };
}

/**
 * Every two runs of one job that should not both exist. Runs that overlap and both ended are
 * reported once, as the worse violation.
 */
function pairs(runs: readonly HandlerRun[]): [HandlerRun, HandlerRun, Explained['kind']][] {
  return runs.flatMap((earlier, at) =>
    runs.slice(at + 1).flatMap((later): [HandlerRun, HandlerRun, Explained['kind']][] => {
      const through = (run: HandlerRun) => run.conclusion === 'end' || run.conclusion === 'threw';
      if (earlier.attempt === later.attempt && through(earlier) && through(later))
        return [[earlier, later, 'ended twice']];
      // Also in one process, a run that lost its lease or was handed back may overlap with the next
      // run.
      return later.startedAt < earlier.endedAt ? [[earlier, later, 'overlap']] : [];
    }),
  );
}

function explanation(
  earlier: HandlerRun,
  later: HandlerRun,
  plan: IntendedJob | undefined,
  faults: readonly Fault[],
): { kind: string; says: string } | undefined {
  const { aborted, pid, conclusion, endedAt } = earlier;
  if (aborted?.reason === 'WorkerDraining' && plan?.heed === false) {
    // It ended after its grace was over; or it threw, which a drain does not count.
    const threwAt = conclusion === 'threw' ? endedAt : Number.POSITIVE_INFINITY;
    const handedBackAt = Math.min(aborted.at + ABORT_GRACE_MS - TIMER_MS, threwAt);
    if (later.startedAt >= handedBackAt) return { kind: IGNORING, says: `${IGNORING} at ${clock(aborted.at)}` };
  }
  // Only what came before the later run can be the reason for it.
  const until = Math.min(earlier.endedAt + RECORDING_MS, later.startedAt);
  const fault = harmBetween(faults, pid, earlier.startedAt, until);
  if (fault !== undefined) return { kind: because(fault, earlier), says: describeFault(fault) };
  // The run that starts later may be the older attempt: it was fetched, then its process stood
  // still while others took the job and did it.
  const stale = faults.find(
    (one) => one.pid === later.pid && isStandstill(one) && isHarmful(one) && startsAfter(one, later),
  );
  return stale && { kind: because(stale, later), says: describeFault(stale) };
}

/**
 * A lease is older than the start of its handler: a process that stood still between them starts a
 * job that is no longer its own.
 */
function because(fault: Fault, run: HandlerRun): string {
  return isStandstill(fault) && startsAfter(fault, run) ? `fetched before a ${fault.kind}` : fault.kind;
}

/**
 * The end of a fault is noted after the process goes on, so the first handler may seem to start
 * before it.
 */
const startsAfter = (fault: Fault, { startedAt }: HandlerRun): boolean =>
  fault.endedAt - TIMER_MS <= startedAt && felt(fault) >= startedAt;

function describeFault(fault: Fault): string {
  const whose = fault.pid === undefined ? '' : ` of ${fault.pid}`;
  return `${fault.kind}${whose} from ${clock(fault.startedAt)} to ${clock(fault.endedAt)}`;
}
