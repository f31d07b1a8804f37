import { setTimeout as sleep } from 'node:timers/promises';
import { BatchUnknown } from '@bullpen/shared';
import { countOutstanding, countQueue, type Redis } from '@bullpen/shared/internal';
import { countOpen } from '../books/batch-view.js';
import { fetchBooks } from '../books/books.js';

/** Options of `waitForBatch`. */
export interface WaitOptions {
  readonly batch: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (counts: RowCounts) => void;
}

/** How many of the rows that a batch added are settled, and how. */
export interface RowCounts {
  readonly added: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
}

/** How a batch ended. */
export interface SettledBatch extends RowCounts {
  /**
   * Rows whose jobs are gone although no Bullpen worker settled them: removed by hand, or attempted
   * by another kind of worker.
   */
  readonly missing: number;
  /** Whether `signal` ended the wait first. */
  readonly interrupted: boolean;
}

const POLL_MS = 250;

/**
 * Follows the books of a batch until every row that was added is settled, or none can be any more.
 * @throws BatchUnknown when there is no such batch, or its books expired
 */
export async function waitForBatch(
  prefix: string,
  queue: string,
  { batch, signal, onProgress }: WaitOptions,
  ask: <T>(command: (redis: Redis) => Promise<T>) => Promise<T>,
): Promise<SettledBatch> {
  let idle = false;
  for (;;) {
    // The queue is looked at before the books: a job settled in between is then in the books, never
    // in neither.
    const queued = await ask((redis) => countQueue(redis, prefix, queue));
    const books = await ask((redis) => fetchBooks(redis, { prefix, queue, batch }));
    if (books === undefined) throw new BatchUnknown(`there is no batch '${batch}' on queue '${queue}'`);
    const { added, completed, failed, cancelled } = books;
    const counts = { added, completed, failed, cancelled };
    onProgress?.(counts);
    const open = countOpen(books);
    const outstanding = countOutstanding(queued);
    // Twice in a row: between two states a job is in neither for no one but a reader of several
    // keys.
    if (open === 0 || (outstanding === 0 && idle)) return { ...counts, missing: open, interrupted: false };
    idle = outstanding === 0;
    if (signal?.aborted === true) return { ...counts, missing: 0, interrupted: true };
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}
