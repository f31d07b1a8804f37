import { randomUUID } from 'node:crypto';
import type { BatchRef } from '@bullpen/shared';
import {
  batchesKey,
  batchKeys,
  cancelledBatch,
  cancelledBatchesKey,
  cancelledChannel,
  queueKeys,
} from '@bullpen/shared/internal';
import type { BatchView } from '../books/batch-view.js';
import { bookKeys, fetchBooks } from '../books/books.js';
import { asLost, findBatch, unknownBatch } from '../books/find-batch.js';
import { showBatch } from '../books/show-batch.js';
import type { RedisAccess } from '../enqueue/redis-access.js';
import { sweepQueue } from './sweep-queue.js';

/** A batch after it was cancelled. */
export interface CancelledBatch extends BatchView {
  /**
   * What the call found. `open`: the batch had open rows. `cancelled`: it was cancelled before, and
   * its rows that are still open are cancelled again. `settled`: it stays as it was.
   */
  readonly found: 'open' | 'cancelled' | 'settled';
  /**
   * How many rows this call took off the queue. A row that a worker is attempting, or fetches
   * meanwhile, is cancelled by that worker: it is not counted here, but later in `cancelled`.
   */
  readonly cancelledNow: number;
}

/** Which batch is cancelled, and how. */
export interface CancelBatchOptions extends BatchRef {
  /** Called with how many rows this call has taken off the queue so far. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/**
 * Cancels the open rows of a batch. No row is added any more, the signals of running rows abort,
 * and waiting jobs are taken off the queue. Safe to repeat. Repeat it when it was interrupted.
 * @throws BatchUnknown when there is no such batch, or its books expired
 */
export async function cancelBatch(options: CancelBatchOptions, access: RedisAccess): Promise<CancelledBatch> {
  const { prefix, ask } = access;
  const queue = await findBatch(options, access);
  const { name: batch, onProgress } = options;
  const keys = batchKeys(prefix, queue, batch);
  const channel = cancelledChannel(prefix, queue);
  const { base, active } = queueKeys(prefix, queue);
  const noting = [...bookKeys(keys), batchesKey(prefix, queue), cancelledBatchesKey(prefix, queue), active];
  // The same text each time the script is sent. So the script recognises its own note.
  const caller = randomUUID();
  const [found, before] = await ask((redis) =>
    redis.bullpenCancelBatch(...noting, base, batch, caller, channel, cancelledBatch(batch)),
  );
  if (found === 'unknown') throw await unknownBatch({ name: batch, queue }, access);
  let cancelledNow = 0;
  if (found !== 'settled') {
    const books = await ask((redis) => fetchBooks(redis, { prefix, queue, batch }));
    const rowKeys = books?.keyField === undefined ? undefined : { job: books.job, keyField: books.keyField };
    await sweepQueue({ queue, batch, rowKeys }, access, (takenOff) => {
      cancelledNow = takenOff - Number(before);
      onProgress?.(cancelledNow);
    });
  }
  const view = await showBatch(queue, batch, access).catch((error: unknown) => {
    throw asLost(error, { name: batch, queue }, 'while it was cancelled');
  });
  return { ...view, found, cancelledNow };
}
