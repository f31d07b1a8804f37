import type { Facts } from '../facts.js';
import { type Life, lineOf, READY } from '../life.js';
import { POISON_CRASHES } from '../limits.js';
import { allFaults, isHarmful } from './all-faults.js';
import { groupBy } from './group-by.js';
import { handlerRuns } from './handler-runs.js';
import { convict, type Finding } from './violation.js';

/**
 * Beside deaths: a process that stands still for longer than its lease counts as crashed. An outage of Redis or a cut connection does not: a worker takes such a count back. One that was cut off for
 * longer than a lease cannot for a job that came in a reply that it never got: it does not know of it.
 */
const EXCUSED = ['freeze', 'block', 'starved', 'black-hole'];

/** A job's crashes are not more than the deaths there were, and a poison job takes down as many processes as it may, no more and no fewer. */
export function crashesEarned(facts: Facts): Finding {
  const died = facts.lives.filter(diedWithJobs).length;
  const excused = allFaults(facts).filter((fault) => EXCUSED.includes(fault.kind) && isHarmful(fault)).length;
  const counted = facts.stored.flatMap(({ id, crashes }) => {
    if (crashes <= died + excused) return [];
    return [`${id} counts ${crashes} crashes; ${died} processes died, and ${excused} other faults could take a lease`];
  });
  return convict('crash counted', [...counted, ...poisonBound(facts, excused)]);
}

/** A process that ended by force, and was up by then: one that was still starting had no job to lose. */
function diedWithJobs(life: Life): boolean {
  return (life.signal !== null || life.code === 70) && lineOf(life, READY) !== undefined;
}

/** The bound holds exactly: one death too many is a fleet in danger, one too few a job given up on. */
function poisonBound(facts: Facts, excused: number): string[] {
  const failed = new Set(facts.stored.filter(({ places }) => places.includes('failed')).map(({ id }) => id));
  const runsOf = groupBy(handlerRuns(facts), ({ jobId }) => jobId);
  return facts.intended.flatMap(({ id, kind }) => {
    if (kind !== 'poison' || !failed.has(id)) return [];
    const deaths = (runsOf.get(id) ?? []).filter(({ conclusion }) => conclusion === undefined).length;
    // A fetch whose reply was lost looks to the queue like one more death.
    if (deaths <= POISON_CRASHES && deaths + excused >= POISON_CRASHES) return [];
    return [`${id} is poison and failed after ${deaths} deaths; it may take ${POISON_CRASHES}`];
  });
}
