import type { BackoffPolicy } from '@bullpen/shared';
import { backoffDelayMs } from '@bullpen/shared/internal';
import type { Outcome } from './outcome.js';

/**
 * How long a job waits for its next attempt, in milliseconds; `undefined` when there is none, or
 * when this worker does not know the job's backoff.
 */
export function retryInMs(
  { number, maxAttempts }: { readonly number: number; readonly maxAttempts: number },
  { kind }: Outcome,
  backoff: BackoffPolicy | undefined,
): number | undefined {
  if (kind !== 'failed' || backoff === undefined || number >= maxAttempts) return undefined;
  return backoffDelayMs(backoff, number, Math.random());
}
