import type { Logger } from '@bullpen/shared';
import { attemptNumber, type CountedJob } from '../attempt/attempt-number.js';
import type { Outcome } from '../attempt/outcome.js';

/** What a log line says of a job. */
export interface LoggedJob extends CountedJob {
  readonly name: string;
  readonly queueName: string;
}

/**
 * One line for each attempt that ended, as loud as on-call should hear it.
 * @param jobId what the attempt was at: the job, or a row of a shared one
 */
export function logOutcome(log: Logger, outcome: Outcome, job: LoggedJob, jobId: string, startedAt: number): void {
  if (outcome.kind === 'completed' && !log.isLevelEnabled('debug')) return;
  const { attempt, maxAttempts } = attemptNumber(job);
  const durationMs = Date.now() - startedAt;
  const fields = { job: job.name, jobId, queue: job.queueName, attempt, durationMs };
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
      log.info({ ...fields, until: new Date(outcome.untilAt).toISOString() }, 'job snoozed');
      return;
    case 'interrupted':
      log.info({ ...fields, reason: outcome.reason }, 'attempt interrupted');
  }
}
