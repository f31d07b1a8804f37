import type { Logger } from '@bullpen/shared';
import type { Outcome } from '../attempt/outcome.js';
import { type LoggedAttempt, logOutcome } from './log-outcome.js';
import type { Observers } from './observers.js';

/** What is told of an attempt. */
export interface ReportedAttempt extends LoggedAttempt {
  readonly jobId: string;
  readonly fetched: { readonly timestamp: number; readonly opts: Readonly<Record<string, unknown>> };
  /** What is known of earlier fetches of its job. */
  readonly lease: { readonly fetches: number; readonly attemptsMade: number; readonly crashes: number };
}

/**
 * Tells the log, and those who observe the worker, how an attempt ended. Each attempt and each row
 * is reported here, once.
 * @param jobId what it was at, where that is another than the attempt's own: one of many rows
 */
export function reportOutcome(
  { log, observers }: { readonly log: Logger; readonly observers: Observers },
  outcome: Outcome,
  attempt: ReportedAttempt,
  startedAt: number,
  jobId = attempt.jobId,
): void {
  const durationMs = Date.now() - startedAt;
  logOutcome(log, outcome, attempt, jobId, durationMs);
  if (!observers.any) return;
  observers.tell({
    // One property to a line: to spread an object here costs more than all else.
    kind: 'attempt-ended',
    queue: attempt.queue,
    job: attempt.job,
    jobId,
    outcome: outcome.kind,
    durationMs: Math.max(0, durationMs),
    queueWaitMs: queueWaitOf(attempt, startedAt),
  });
}

/**
 * How long a job waited until its first attempt. Only of a job that was never fetched before: nobody
 * has written down since when another attempt could have started, after a failure, a snooze, a
 * hand-back or a crash.
 */
function queueWaitOf({ fetched, lease }: ReportedAttempt, startedAt: number): number | undefined {
  if (lease.fetches > 1 || lease.attemptsMade > 0 || lease.crashes > 0) return undefined;
  const { delay } = fetched.opts;
  // Of the job's own `delay` nothing is left when it is due.
  return Math.max(0, startedAt - fetched.timestamp - (typeof delay === 'number' ? delay : 0)) || 0;
}
