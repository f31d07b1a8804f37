import {
  batchesKey,
  batchKeys,
  CANCELLATIONS_KEPT_S,
  cancelledChannel,
  cancelledKey,
  queueKeys,
  readBullpenOpts,
} from '@bullpen/shared/internal';
import type { RedisAccess } from '../enqueue/redis-access.js';
import { parseJson, readRowKeys } from './row-keys.js';

/**
 * What `cancel` did:
 * - `cancelled`: the job waited or was delayed. It is gone, its handler will not be called, and its
 *   key is free. Also the answer when it was cancelled in the last hour.
 * - `requested`: the job runs, and the workers were asked to abort it.
 * - `settled`: it was too late.
 * - `unknown`: there is no such job.
 */
export type CancelResult = 'cancelled' | 'requested' | 'settled' | 'unknown';

/** Cancels a job. Safe to repeat. */
export async function cancelJob(queue: string, id: string, { prefix, ask }: RedisAccess): Promise<CancelResult> {
  const { base, active, delayed, prioritized, wait, events, meta } = queueKeys(prefix, queue);
  const { batch = '', hashes } = await readBatchOf(base, id, ask);
  const { books, fates, failures, reasons, results } = batchKeys(prefix, queue, batch);
  const keys = [cancelledKey(prefix, queue), active, delayed, prioritized, wait, events, meta];
  keys.push(fates, books, failures, reasons, results, batchesKey(prefix, queue));
  const channel = cancelledChannel(prefix, queue);
  const now = Date.now();
  return ask((redis) =>
    redis.bullpenCancel(...keys, base, batch, id, now, CANCELLATIONS_KEPT_S, channel, JSON.stringify(hashes)),
  );
}

/** The batch of a job, and the hashes of the keys of its rows. */
async function readBatchOf(
  base: string,
  id: string,
  ask: RedisAccess['ask'],
): Promise<{ readonly batch?: string; readonly hashes: readonly string[] }> {
  if (!id.startsWith('b-')) return { hashes: [] };
  const [name, opts, data] = await ask((redis) => redis.hmget(base + id, 'name', 'opts', 'data'));
  const { batch, keyField } = readBullpenOpts(parseJson(opts ?? ''));
  if (batch === undefined) return { hashes: [] };
  const keys = keyField === undefined ? {} : readRowKeys([id, data ?? ''], { job: name ?? '', keyField });
  return { batch, hashes: keys[id] ?? [] };
}
