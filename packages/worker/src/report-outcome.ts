import type { ActiveAttempt } from './active-attempts.js';
import { logOutcome } from './log-outcome.js';
import type { Outcome } from './outcome.js';
import type { ProcessParts } from './process-parts.js';

/** What an attempt was at. */
type AttemptedJob = Parameters<typeof logOutcome>[2];

/**
 * Says how an attempt ended, to the log and to those who observe the worker. Each attempt and each row is said here, once.
 * @param jobId what the attempt was at: the job, or a row of a shared one
 */
export function reportOutcome(
  { log, observers }: Pick<ProcessParts, 'log' | 'observers'>,
  outcome: Outcome,
  job: AttemptedJob,
  { queue, lease }: Pick<ActiveAttempt, 'queue' | 'lease'>,
  jobId: string,
  startedAt: number,
): void {
  logOutcome(log, outcome, job, jobId, startedAt);
  if (!observers.any) return;
  observers.tell({
    // One property to a line: to spread an object here costs more than all else.
    kind: 'attempt-ended',
    queue,
    job: job.name,
    jobId,
    outcome: outcome.kind,
    durationMs: Math.max(0, Date.now() - startedAt),
    queueWaitMs: queueWaitOf(job, lease, startedAt),
  });
}

/** Only of a job that was never fetched before: since when another could have started, after a failure, a snooze, a hand-back or a crash, nobody has written down. */
function queueWaitOf(job: AttemptedJob, lease: ActiveAttempt['lease'], startedAt: number): number | undefined {
  if (lease.fetches > 1 || lease.attemptsMade > 0 || lease.crashes > 0) return undefined;
  const { delay } = job.opts;
  // Of the job's own `delay` nothing is left when it is due.
  return Math.max(0, startedAt - job.timestamp - (typeof delay === 'number' ? delay : 0)) || 0;
}
