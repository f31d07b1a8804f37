import { setTimeout as sleep } from 'node:timers/promises';
import { BatchLost, type BatchRef } from '@bullpen/shared';
import { countOutstanding, countQueue } from '@bullpen/shared/internal';
import { countOpen } from '../books/batch-view.js';
import { fetchBooks } from '../books/books.js';
import { checkRef, findBatch, unknownBatch } from '../books/find-batch.js';
import type { RedisAccess } from '../enqueue/redis-access.js';

/** Options of `batches.wait`. */
export interface WaitOptions extends BatchRef {
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
  /** Called several times a second with how many rows are settled. */
  readonly onProgress?: ((counts: RowCounts) => void) | undefined;
}

/** How many rows a batch added, and how many of them are settled, by how they ended. */
export interface RowCounts {
  /** Rows that became jobs. */
  readonly added: number;
  /** Rows that completed. */
  readonly completed: number;
  /** Rows that failed for good. */
  readonly failed: number;
  /** Rows that were cancelled. */
  readonly cancelled: number;
}

/** How a batch ended. */
export interface SettledBatch extends RowCounts {
  /** The name of the batch. */
  readonly name: string;
  /** The queue of its jobs. */
  readonly queue: string;
  /**
   * Rows whose jobs are gone although no Bullpen worker settled them. Somebody removed them by
   * hand, or another kind of worker attempted them.
   */
  readonly missing: number;
  /** Whether `signal` ended the wait first. */
  readonly interrupted: boolean;
}

const POLL_MS = 250;

/**
 * Watches the books of a batch until every row that was added is settled, or no row can be settled
 * any more.
 * @throws BatchUnknown when there is no such batch, or its books expired; BatchLost when they
 *   vanished during the wait
 */
export async function waitForBatch(options: WaitOptions, access: RedisAccess): Promise<SettledBatch> {
  const { prefix, ask } = access;
  checkRef(options);
  const { name, signal, onProgress } = options;
  const queue = options.queue ?? (await findBatch(options, access));
  let wasIdle = false;
  let wasFound = false;
  for (;;) {
    // First the queue, then the books: a job that is settled in between is then in the books. In
    // the other order it would be in neither.
    const queued = await ask((redis) => countQueue(redis, prefix, queue));
    const books = await ask((redis) => fetchBooks(redis, { prefix, queue, batch: name }));
    if (books === undefined) {
      if (wasFound) throw new BatchLost({ name, queue }, 'while it was waited for');
      throw await unknownBatch({ name, queue }, access);
    }
    wasFound = true;
    const { added, completed, failed, cancelled } = books;
    const counts = { added, completed, failed, cancelled };
    onProgress?.(counts);
    const open = countOpen(books);
    const isIdle = countOutstanding(queued) === 0;
    // Twice in a row: the counts of a queue are read one after the other, and a job that moves
    // meanwhile may be in none of them.
    if (open === 0 || (isIdle && wasIdle)) return { name, queue, ...counts, missing: open, interrupted: false };
    wasIdle = isIdle;
    if (signal?.aborted === true) return { name, queue, ...counts, missing: 0, interrupted: true };
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}
