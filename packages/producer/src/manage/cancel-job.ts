import {
  batchesKey,
  batchKeys,
  cancelledChannel,
  expandRows,
  isBatchName,
  queueKeys,
  readBullpenOpts,
  rowOfId,
} from '@bullpen/shared/internal';
import type { RedisAccess } from '../enqueue/redis-access.js';
import { parseJson, readRowKeys } from './row-keys.js';

/**
 * What `cancel` did:
 * - `cancelled`: nobody attempted the job. It is gone, its handler will not be called, and its key
 *   is free. Also the answer when it was cancelled in the last day. Children of a flow's parent stay:
 *   they are jobs of their own.
 * - `requested`: the job runs, and the workers were asked to abort it. Or it is the next run of a
 *   BullMQ job scheduler: when it is due, a worker records it as cancelled and the schedule goes on.
 * - `settled`: it was too late.
 * - `unknown`: there is no such job.
 */
export type CancelResult = 'cancelled' | 'requested' | 'settled' | 'unknown';

/** Cancels a job. Safe to repeat. */
export async function cancelJob(queue: string, id: string, { prefix, ask }: RedisAccess): Promise<CancelResult> {
  const { base, active, delayed, prioritized, wait, events, meta } = queueKeys(prefix, queue);
  const cancel = async (force: 0 | 1): Promise<CancelResult | 'appeared'> => {
    const { batch = '', ...rows } = await readRowsOf(base, id, ask);
    const { books, fates, failures, reasons, results } = batchKeys(prefix, queue, batch);
    const keys = [active, delayed, prioritized, wait, events, meta];
    keys.push(fates, books, failures, reasons, results, batchesKey(prefix, queue));
    const args = [base, batch, id, cancelledChannel(prefix, queue), JSON.stringify(rows)];
    return ask((redis) => redis.bullpenCancel(...keys, ...args, force));
  };
  const answer = await cancel(0);
  // Once: another client may have stored a job that has no rows to read.
  return answer === 'appeared' ? ((await cancel(1)) as CancelResult) : answer;
}

/** What the script has to know of the rows of a job, and cannot find out. */
interface RowsOfJob {
  readonly batch?: string | undefined;
  readonly rows: readonly number[];
  /** The hashes of the keys of the rows, in the same order; empty without keys. */
  readonly hashes: readonly string[];
  /** Whether they were read from the job: it was there. */
  readonly isRead: boolean;
}

async function readRowsOf(base: string, id: string, ask: RedisAccess['ask']): Promise<RowsOfJob> {
  // No job of a batch: there is nothing to read.
  if (!id.startsWith('b-')) return { rows: [], hashes: [], isRead: true };
  const [name, opts, data] = await ask((redis) => redis.hmget(base + id, 'name', 'opts', 'data'));
  if (typeof opts !== 'string') {
    const batch = id.slice('b-'.length, id.lastIndexOf('-'));
    const row = rowOfId(batch, id);
    const isRowOfBatch = row !== undefined && isBatchName(batch);
    return { ...(isRowOfBatch ? { batch, rows: [row] } : { rows: [] }), hashes: [], isRead: false };
  }
  const { batch, keyField, rows: ranges } = readBullpenOpts(parseJson(opts));
  if (batch === undefined) return { rows: [], hashes: [], isRead: true };
  const row = rowOfId(batch, id);
  const rows = ranges !== undefined ? expandRows(ranges) : row === undefined ? [] : [row];
  const keys = keyField === undefined ? {} : readRowKeys([id, data ?? ''], { job: name ?? '', keyField });
  return { batch, rows, hashes: (keys[id] ?? []).slice(0, rows.length), isRead: true };
}
