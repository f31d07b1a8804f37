import type { Facts, IntendedJob } from '../facts.js';
import type { StoredJob } from '../snapshot.js';
import { groupBy } from './group-by.js';
import { describeRun, type HandlerRun, handlerRuns } from './handler-runs.js';
import { maxAttempts } from './nothing-invented.js';
import { convict, type Finding } from './violation.js';

/** Only a handler that threw or returned spends an attempt: no drain, crash or outage does. */
export function attemptsExact(facts: Facts): Finding {
  const intended = new Map(facts.intended.map((job) => [job.id, job]));
  const stored = new Map(facts.stored.map((job) => [job.id, job]));
  const counted = facts.stored.flatMap((job) => {
    const plan = intended.get(job.id);
    return plan === undefined ? [] : wronglyCounted(job, plan);
  });
  const seen = [...groupBy(handlerRuns(facts), ({ jobId }) => jobId)].flatMap(([id, runs]) => {
    const job = stored.get(id);
    return job === undefined ? [] : wronglyNumbered(job, runs);
  });
  return convict('attempt spent', [...counted, ...seen]);
}

function wronglyCounted({ id, attemptsMade, places, failedReason = '' }: StoredJob, plan: IntendedJob): string[] {
  // It may have been cancelled in any attempt; whether it may have been is judged elsewhere.
  if (/JobCancelled|JobCrashed/.test(failedReason) && plan.kind !== 'poison') return [];
  // A poison job never finishes an attempt; its failure is counted as at most one.
  if (plan.kind === 'poison') return attemptsMade <= 1 ? [] : [`${id} is poison and counts ${attemptsMade} attempts`];
  const settled = places.includes('completed') || places.includes('failed');
  const due = Math.min(plan.throws + 1, maxAttempts(plan));
  if (!settled || attemptsMade === due) return [];
  return [`${id} counts ${attemptsMade} attempts; ${plan.throws} planned failures make ${due}`];
}

/**
 * The attempt numbers that the handlers were given. Attempt n + 1 exists because attempt n threw,
 * and the ledger shows that.
 */
function wronglyNumbered({ id, attemptsMade }: StoredJob, runs: readonly HandlerRun[]): string[] {
  const threw = new Set(runs.filter(({ conclusion }) => conclusion === 'threw').map(({ attempt }) => attempt));
  return runs.flatMap((run) => {
    if (run.attempt > Math.max(1, attemptsMade))
      return [`${id} counts ${attemptsMade} attempts, and there was ${describeRun(run)}`];
    const unearned = Array.from({ length: run.attempt - 1 }, (_, at) => at + 1).filter(
      (earlier) => !threw.has(earlier),
    );
    return unearned.length === 0
      ? []
      : [`${id}: ${describeRun(run)}, though attempt ${unearned.join(', ')} threw nowhere`];
  });
}
