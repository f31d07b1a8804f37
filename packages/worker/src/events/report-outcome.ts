import type { Logger } from '@bullpen/shared';
import type { Outcome } from '../attempt/outcome.js';
import { type LoggedJob, logOutcome } from './log-outcome.js';
import type { Observers } from './observers.js';

/** What an attempt was at. */
interface AttemptedJob extends LoggedJob {
  readonly timestamp: number;
  readonly opts: LoggedJob['opts'] & { readonly delay?: unknown };
}

/** What is known of earlier fetches of a job. */
interface FetchCounts {
  readonly fetches: number;
  readonly attemptsMade: number;
  readonly crashes: number;
}

/**
 * Says how an attempt ended, to the log and to those who observe the worker. Each attempt and each
 * row is said here, once.
 * @param jobId what the attempt was at: the job, or a row of a shared one
 */
export function reportOutcome(
  { log, observers }: { readonly log: Logger; readonly observers: Observers },
  outcome: Outcome,
  job: AttemptedJob,
  { queue, lease }: { readonly queue: string; readonly lease: FetchCounts },
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

/**
 * Only of a job that was never fetched before: since when another could have started, after a
 * failure, a snooze, a hand-back or a crash, nobody has written down.
 */
function queueWaitOf(job: AttemptedJob, lease: FetchCounts, startedAt: number): number | undefined {
  if (lease.fetches > 1 || lease.attemptsMade > 0 || lease.crashes > 0) return undefined;
  const { delay } = job.opts;
  // Of the job's own `delay` nothing is left when it is due.
  return Math.max(0, startedAt - job.timestamp - (typeof delay === 'number' ? delay : 0)) || 0;
}
