import { expandRows, idForRow } from '@bullpen/shared/internal';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { Recorder } from '../in-flight/recorder.js';
import type { OpenRow } from './row-attempt.js';
import type { RowJobs } from './row-jobs.js';

/**
 * The rows of a shared job that are not done yet. Redis is asked only for a job that was fetched
 * before: some of its rows may be settled, or have jobs of their own.
 * @returns `undefined` when Redis does not say, or the job is not ours any more
 */
export async function readOpenRows(
  attempt: ActiveAttempt,
  recorder: Recorder,
  rowJobs: RowJobs,
): Promise<OpenRow[] | undefined> {
  const { batch = '', bullpen, fetched } = attempt;
  const numbers = expandRows(bullpen.rows ?? []);
  const { data } = fetched;
  const payloads = Array.isArray(data) && data.length === numbers.length ? data : undefined;
  const rows = numbers.map((row, place) => ({
    row,
    id: idForRow(batch, row),
    place,
    payload: payloads?.[place],
  }));
  if (attempt.lease.fetches <= 1) return rows;
  const ask = () => rowJobs.openRows(attempt.queue, batch, numbers);
  const result = await recorder.write(attempt, ask, 'cannot read which rows of the job are open');
  if (result.kind !== 'written') return undefined;
  const open = new Set(result.value);
  return rows.filter(({ row }) => open.has(row));
}
