import type { Due, Logger } from '@bullpen/shared';
import { writeDuration } from '@bullpen/shared/internal';
import type { Outcome } from '../attempt/outcome.js';

/** What {@link logOutcome} reads of an attempt. */
export interface LoggedAttempt {
  /** The name of its job. */
  readonly job: string;
  readonly queue: string;
  readonly number: number;
  readonly maxAttempts: number;
}

/**
 * Logs the end of an attempt in one line, at the level that on-call needs.
 * @param jobId the id of the job, or of the row of a shared job
 */
export function logOutcome(
  log: Logger,
  outcome: Outcome,
  attempted: LoggedAttempt,
  jobId: string,
  durationMs: number,
): void {
  // Nothing is read or made for a line that nobody wants: most attempts end here.
  if (outcome.kind === 'completed' && !log.isLevelEnabled('debug')) return;
  const { job, queue, number: attempt, maxAttempts } = attempted;
  const fields = { job, jobId, queue, attempt, durationMs };
  switch (outcome.kind) {
    case 'completed':
      log.debug(fields, 'attempt completed');
      return;
    case 'failed': {
      const { error } = outcome;
      if (attempt < maxAttempts) log.warn({ ...fields, maxAttempts, error }, 'attempt failed, will be retried');
      else log.error({ ...fields, maxAttempts, error }, 'job failed');
      return;
    }
    case 'rejected':
      log.error({ ...fields, error: outcome.error }, 'job rejected');
      return;
    case 'expired':
      log.warn({ ...fields, error: outcome.error }, 'job expired');
      return;
    case 'crashed':
      log.error({ ...fields, error: outcome.error }, 'job crashed too often');
      return;
    case 'cancelled':
      log.info(fields, 'job cancelled');
      return;
    case 'snoozed':
      log.info({ ...fields, ...showDue(outcome.due) }, 'job snoozed');
      return;
    case 'interrupted':
      log.info({ ...fields, reason: outcome.reason }, 'attempt interrupted');
  }
}

const showDue = (due: Due): object =>
  'at' in due ? { until: new Date(due.at).toISOString() } : { in: writeDuration(due.inMs) };
