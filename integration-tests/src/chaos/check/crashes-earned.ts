import type { Facts } from '../facts.js';
import type { Fault } from '../fault.js';
import { type ExitReason, lineOf, loggedAt, READY } from '../life.js';
import { LEASE_MS, POISON_CRASHES } from '../limits.js';
import { allFaults, isHarmful } from './all-faults.js';
import { groupBy } from './group-by.js';
import { handlerRuns } from './handler-runs.js';
import { convict, type Finding } from './violation.js';

/**
 * A process that stands still for longer than its lease counts as crashed, as a death does. An
 * outage of Redis or a cut connection does not: the worker takes that count back. A worker that was
 * cut off for longer than a lease cannot do so for a job that came in a reply that it never got, as
 * it does not know of that job.
 */
const EXCUSED = ['freeze', 'block', 'starved', 'black-hole'];
const CUTS = ['cut', 'cut-in-reply'];
/**
 * The shortest time without a connection that can cost a lease; and the longest time with a
 * connection, between two such times, that changes nothing.
 */
const LONG_CUT_OFF_MS = LEASE_MS * 0.6;
const BRIEFLY_MS = 500;

/**
 * A job has no more crashes than there were deaths, and a poison job kills exactly as many
 * processes as it may.
 */
export function crashesEarned(facts: Facts): Finding {
  const died = facts.lives.filter(diedWithJobs).length;
  const faults = allFaults(facts);
  const excused =
    faults.filter((fault) => EXCUSED.includes(fault.kind) && isHarmful(fault)).length +
    facts.lives.flatMap((life) => longCutOffs(life, faults)).length;
  const counted = facts.stored.flatMap(({ id, crashes }) => {
    if (crashes <= died + excused) return [];
    return [`${id} counts ${crashes} crashes; ${died} processes died, and ${excused} other faults could take a lease`];
  });
  return convict('crash counted', [...counted, ...poisonBound(facts, excused)]);
}

/**
 * The times for which a worker was without a connection for so long that it may have lost leases,
 * by its own log.
 */
function longCutOffs({ pid, log, exitedAt }: ExitReason, faults: readonly Fault[]): { from: number; to: number }[] {
  const away: { from: number; to: number }[] = [];
  for (const line of log) {
    const at = loggedAt(line) ?? 0;
    const last = away.at(-1);
    if (/^redis (connection was lost|is unavailable)/.test(line.msg)) {
      if (last !== undefined && at - last.to < BRIEFLY_MS) last.to = exitedAt;
      else away.push({ from: at, to: exitedAt });
    } else if (line.msg === 'redis is available' && last !== undefined) last.to = at;
  }
  return away.filter(({ from, to }) => {
    const wasCut = faults.some(
      (fault) =>
        fault.pid === pid && CUTS.includes(fault.kind) && fault.startedAt <= to && fault.endedAt >= from - BRIEFLY_MS,
    );
    return wasCut && to - from >= LONG_CUT_OFF_MS;
  });
}

/**
 * A process that ended by force after it was up: a process that was still starting had no job to
 * lose.
 */
function diedWithJobs(life: ExitReason): boolean {
  return (life.signal !== null || life.code === 70) && lineOf(life, READY) !== undefined;
}

/**
 * One death fewer gives the job up too early, one death more endangers the fleet. The first death of
 * a process with other jobs is charged to none of them, and each crash of another job may have been
 * the poison job's doing.
 */
function poisonBound(facts: Facts, excused: number): string[] {
  const failed = new Set(facts.stored.filter(({ places }) => places.includes('failed')).map(({ id }) => id));
  const runsOf = groupBy(handlerRuns(facts), ({ jobId }) => jobId);
  return facts.intended.flatMap(({ id, kind }) => {
    if (kind !== 'poison' || !failed.has(id)) return [];
    const deaths = (runsOf.get(id) ?? []).filter(({ conclusion }) => conclusion === undefined).length;
    // A fetch whose reply was lost looks like one more death.
    const others = facts.stored.filter((job) => job.id !== id).reduce((sum, { crashes }) => sum + crashes, 0);
    if (deaths <= POISON_CRASHES + 1 + others && deaths + excused >= POISON_CRASHES) return [];
    return [
      `${id} is poison and failed after ${deaths} deaths; it may take ${POISON_CRASHES}, one more, and ${others} charged to others`,
    ];
  });
}
