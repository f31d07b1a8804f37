import type { Logger } from '@bullpen/shared';
import type { RedisClock } from '@bullpen/shared/internal';
import type { Outcome } from '../attempt/outcome.js';
import { type LoggedAttempt, logOutcome } from './log-outcome.js';
import type { Observers } from './observers.js';

/** What {@link reportOutcome} reads of an attempt. */
export interface ReportedAttempt extends LoggedAttempt {
  readonly jobId: string;
  readonly fetched: { readonly timestamp: number; readonly opts: Readonly<Record<string, unknown>> };
  /** What happened to the job before this fetch. */
  readonly lease: { readonly fetches: number; readonly attemptsMade: number; readonly crashes: number };
}

/** What {@link reportOutcome} needs. */
export interface ReportDeps {
  readonly log: Logger;
  readonly observers: Observers;
  readonly clock: Pick<RedisClock, 'at'>;
}

/**
 * Tells the log and the observers how an attempt ended. Called once for each attempt and each row.
 * @param startedAt when the attempt started, on the monotonic clock (ms)
 * @param jobId the id of the row, for a row of a shared job
 */
export function reportOutcome(
  { log, observers, clock }: ReportDeps,
  outcome: Outcome,
  attempt: ReportedAttempt,
  startedAt: number,
  jobId = attempt.jobId,
): void {
  const durationMs = Math.round(performance.now() - startedAt);
  logOutcome(log, outcome, attempt, jobId, durationMs);
  if (!observers.any) return;
  observers.tell({
    // One property per line: spreading an object here costs more than all the rest.
    kind: 'attempt-ended',
    queue: attempt.queue,
    job: attempt.job,
    jobId,
    attempt: attempt.number,
    maxAttempts: attempt.maxAttempts,
    outcome: outcome.kind,
    error: 'error' in outcome ? outcome.error : undefined,
    durationMs,
    queueWaitMs: queueWaitOf(attempt, clock.at(startedAt)),
  });
}

/**
 * How long a job waited until its first attempt. Only for a job that was never fetched before:
 * nobody stores when another attempt could have started after a failure, a snooze, a hand-back or a
 * crash.
 * @param startedAt by Redis' clock, like the instants of the job
 */
function queueWaitOf({ fetched, lease }: ReportedAttempt, startedAt: number): number | undefined {
  if (lease.fetches > 1 || lease.attemptsMade > 0 || lease.crashes > 0) return undefined;
  const { delay } = fetched.opts;
  // BullMQ resets the `delay` of the job when it is due, so the options are read.
  return Math.max(0, startedAt - fetched.timestamp - (typeof delay === 'number' ? delay : 0)) || 0;
}
