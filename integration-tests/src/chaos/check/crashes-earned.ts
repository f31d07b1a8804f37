import type { Facts } from '../facts.js';
import type { Fault } from '../fault.js';
import { type ExitReason, lineOf, loggedAt, READY } from '../life.js';
import { LEASE_MS, POISON_CRASHES, STURDY_CRASHES } from '../limits.js';
import type { JobKind } from '../planned.js';
import { allFaults, isHarmful } from './all-faults.js';
import { groupBy } from './group-by.js';
import { handlerRuns } from './handler-runs.js';
import { convict, type Finding } from './violation.js';
import { isRow } from './with-rows.js';

/**
 * A process that stands still for longer than its lease counts as crashed, as a death does. An
 * outage of Redis or a cut connection does not: the worker takes that count back. A worker that was
 * cut off for longer than a lease cannot do so for a job that came in a reply that it never got, as
 * it does not know of that job.
 */
const EXCUSED = ['freeze', 'block', 'spin', 'starved', 'black-hole'];
const CUTS = ['cut', 'cut-in-reply', 'cut-blocking', 'redis-acl'];
const POISONS = ['poison', 'slow-poison'];
/**
 * The shortest time without a connection that can cost a lease; and the longest time with a
 * connection, between two such times, that changes nothing.
 */
const LONG_CUT_OFF_MS = LEASE_MS * 0.6;
const BRIEFLY_MS = 500;

/**
 * How many deaths under a poison job may be laid to the charge of a job beside it, which is on trial:
 * before the crash that would fail that job, it is attempted alone.
 */
const mistaken = (kind: JobKind | undefined): number => (kind === 'fragile' ? POISON_CRASHES : STURDY_CRASHES) - 1;

/**
 * A job has no more crashes than there were deaths, and nor have all jobs together. A poison job kills
 * as many processes as it may, and its deaths fail no other job.
 */
export function crashesEarned(facts: Facts): Finding {
  const faults = allFaults(facts);
  const excused =
    faults.filter((fault) => EXCUSED.includes(fault.kind) && isHarmful(fault)).length +
    facts.lives.flatMap((life) => longCutOffs(life, faults)).length;
  const kinds = new Map(facts.intended.map(({ id, kind }) => [id, kind]));
  const poisoned = new Set(faults.filter(({ kind }) => POISONS.includes(kind)).map(({ pid }) => pid));
  const died = facts.lives.filter(diedWithJobs);
  const others = died.filter(({ pid }) => !poisoned.has(pid)).length;
  const counted = facts.stored.flatMap(({ id, crashes, failedReason = '' }) => {
    const isPoison = kinds.get(id) === 'poison';
    const deaths = isPoison ? died.length : others + Math.min(mistaken(kinds.get(id)), died.length - others);
    const ofPoison = died.length - others;
    const why = `${died.length} processes died (${ofPoison} of poison), and ${excused} other faults could take a lease`;
    const isInnocent = !isPoison && others + excused === 0;
    if (isInnocent && failedReason.includes('JobCrashed')) return [`${id} failed as JobCrashed; ${why}`];
    return crashes > deaths + excused ? [`${id} counts ${crashes} crashes; ${why}`] : [];
  });
  return convict('crash counted', [
    ...counted,
    ...onePerDeath(facts, died.length, excused),
    ...poisonBound(facts, excused),
  ]);
}

/**
 * A death is charged to one job at most: to the one on trial, or to the only one that the process
 * had.
 */
function onePerDeath({ stored }: Facts, deaths: number, excused: number): string[] {
  const charged = stored.filter(({ crashes }) => crashes > 0);
  const sum = charged.reduce((total, { crashes }) => total + crashes, 0);
  if (sum <= deaths + excused) return [];
  return [
    `${charged.length} jobs, as ${charged[0]?.id}, count ${sum} crashes together; ${deaths} processes died, and ${excused} other faults could take a lease`,
  ];
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
        (fault.pid ?? pid) === pid &&
        CUTS.includes(fault.kind) &&
        fault.startedAt <= to &&
        fault.endedAt >= from - BRIEFLY_MS,
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
  // Nobody keeps the crashes of a row.
  const rows = handlerRuns(facts).filter((run) => isRow(run.jobId) && run.conclusion === undefined).length;
  return facts.intended.flatMap(({ id, kind }) => {
    if (kind !== 'poison' || !failed.has(id)) return [];
    const deaths = (runsOf.get(id) ?? []).filter(({ conclusion }) => conclusion === undefined).length;
    // A fetch whose reply was lost looks like one more death.
    const charged = facts.stored.filter((job) => job.id !== id).reduce((sum, { crashes }) => sum + crashes, 0);
    const others = charged + rows;
    if (deaths <= POISON_CRASHES + 1 + others && deaths + excused >= POISON_CRASHES) return [];
    return [
      `${id} is poison and failed after ${deaths} deaths; it may take ${POISON_CRASHES}, one more, and ${others} charged to others`,
    ];
  });
}
