import type { Facts, IntendedJob } from '../facts.js';
import { MAX_ATTEMPTS } from '../limits.js';
import type { CancelLine } from '../producer-lines.js';
import type { StoredJob } from '../snapshot.js';
import { groupBy } from './group-by.js';
import { type HandlerRun, handlerRuns } from './handler-runs.js';
import { clock, convict, type Finding } from './violation.js';

/**
 * Nothing exists that nobody enqueued, no job is completed before its work is done, and no job has
 * failed for a reason that is not in the plan.
 */
export function nothingInvented(facts: Facts): Finding {
  const intended = new Map(facts.intended.map((job) => [job.id, job]));
  const runsOf = groupBy(handlerRuns(facts), ({ jobId }) => jobId);
  const cancelled = new Map(
    facts.cancels.filter(({ answer }) => answer === 'requested' || answer === 'settled').map((line) => [line.id, line]),
  );
  const strangers = [...runsOf.keys()]
    .filter((id) => !intended.has(id))
    .map((id) => `${id} ran and was never intended`);
  const settled = facts.stored.flatMap((job) => {
    const plan = intended.get(job.id);
    if (plan === undefined) return [`${job.id} is on Redis and was never intended`];
    if (job.places.includes('completed')) return wronglyCompleted(job, plan, runsOf.get(job.id) ?? []);
    if (!job.places.includes('failed') || mayHaveFailed(job, plan, cancelled)) return [];
    return wronglyFailed(job, plan);
  });
  return convict('phantom', [...strangers, ...settled]);
}

function wronglyCompleted(job: StoredJob, plan: IntendedJob, runs: readonly HandlerRun[]): string[] {
  const { id, finishedOn } = job;
  const at = clock(finishedOn ?? 0);
  if (plan.kind === 'poison') return [`${id} is poison and was completed all the same`];
  if (plan.throws >= maxAttempts(plan)) return [`${id} always throws and was completed all the same`];
  const named = (job.result as { run?: unknown } | undefined)?.run;
  const other = runs.find(({ run }) => run === named);
  if (other !== undefined && other.key !== job.key)
    return [`${id} was completed with the result of an attempt at ${other.key}, which had its id before`];
  const ends = runs.filter(({ conclusion, key }) => conclusion === 'end' && key === job.key);
  const [first] = ends.toSorted((a, b) => a.endedAt - b.endedAt);
  if (first === undefined) return [`${id} was completed at ${at} and no handler ran to its end`];
  if (finishedOn !== undefined && finishedOn < first.endedAt) {
    return [`${id} was completed at ${at}, before its work was done in ${first.pid} at ${clock(first.endedAt)}`];
  }
  if (ends.some(({ run }) => run === named)) return [];
  return [`${id} was completed with the result of a run that did not end: ${String(named)}`];
}

/** Whether a reason that is not in the plan is right: a cancellation, or too many deaths. */
function mayHaveFailed(
  { id, failedReason = '', finishedOn = Number.POSITIVE_INFINITY }: StoredJob,
  { kind }: IntendedJob,
  cancelled: ReadonlyMap<string, CancelLine>,
): boolean {
  // It is settled, too, if an earlier call was carried out and its answer was lost.
  const { sentAt = Number.POSITIVE_INFINITY } = cancelled.get(id) ?? {};
  if (failedReason.startsWith('JobCancelled') && sentAt <= finishedOn) return true;
  // Judged with the crashes.
  return kind === 'fragile' && failedReason.includes('JobCrashed');
}

function wronglyFailed({ id, failedReason = '' }: StoredJob, plan: IntendedJob): string[] {
  const most = maxAttempts(plan);
  if (plan.kind === 'poison') {
    return failedReason.includes('JobCrashed') ? [] : [`${id} is poison and failed as '${failedReason}'`];
  }
  const planned = plan.throws >= most && failedReason.includes(`planned failure ${most}`);
  return planned
    ? []
    : [`${id} should ${plan.throws >= most ? 'fail as planned' : 'complete'} and failed: ${failedReason}`];
}

/** How many failed attempts end a job of this kind. */
export const maxAttempts = ({ kind }: Pick<IntendedJob, 'kind'>): number => (kind === 'once' ? 1 : MAX_ATTEMPTS);
