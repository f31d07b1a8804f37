import type { Due } from '@bullpen/shared';
import type { Thrown } from '@bullpen/shared/internal';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { SplitRow } from './row-jobs.js';

/** What the job of a single row starts with. */
export interface RowJobStart {
  readonly due: Due;
  readonly attemptsMade: number;
  readonly crashes: number;
  /** Whether a process died under the row. */
  readonly isSuspect?: boolean;
  /** Why the attempt at the row failed, if it did. */
  readonly error?: Thrown;
}

/**
 * The job of its own that a row of a shared job gets. It has the same options, without the other
 * rows.
 * @param row its number, and its payload as it was enqueued, as JSON
 */
export function splitRow(
  { fetched, maxAttempts }: Pick<ActiveAttempt, 'fetched' | 'maxAttempts'>,
  { row, json = '' }: { readonly row: number; readonly json: string | undefined },
  { due, attemptsMade, crashes, isSuspect = false, error }: RowJobStart,
): SplitRow {
  const { bullpen, ...opts } = fetched.opts;
  const { rows: _, ...ofRow } = (bullpen ?? {}) as { rows?: unknown };
  return {
    ...{ row, due, attemptsMade, crashes, suspectMs: isSuspect ? (fetched.suspectMs ?? '') : '' },
    failure: error === undefined ? '' : `${error.name}: ${error.message}`,
    data: json,
    opts: JSON.stringify({ ...opts, attempts: maxAttempts, bullpen: ofRow }),
  };
}
