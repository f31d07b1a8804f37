import { setTimeout as sleep } from 'node:timers/promises';
import { booksKey, countOutstanding, countQueue, type Redis, ROW } from '@bullpen/shared';

/** Options of `waitForBatch`. */
export interface WaitOptions {
  readonly batch: string;
  /** How many of its rows were added: so many are waited for. */
  readonly added: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (counts: RowCounts) => void;
}

/** How many rows of a batch are settled, and how. */
export interface RowCounts {
  readonly completed: number;
  readonly failed: number;
}

/** How a batch ended. */
export interface SettledBatch extends RowCounts {
  /** Rows whose jobs are gone although no Bullpen worker settled them: removed by hand, or attempted by another kind of worker. */
  readonly missing: number;
  /** Whether `signal` ended the wait first. */
  readonly interrupted: boolean;
}

const POLL_MS = 250;

/** Follows the books of a batch until every row that was added is settled, or none can be any more. */
export async function waitForBatch(
  prefix: string,
  queue: string,
  { batch, added, signal, onProgress }: WaitOptions,
  ask: <T>(command: (redis: Redis) => Promise<T>) => Promise<T>,
): Promise<SettledBatch> {
  let idle = false;
  for (;;) {
    // The queue is looked at before the books: a job settled in between is then in the books, never in neither.
    const queued = await ask((redis) => countQueue(redis, prefix, queue));
    const books = await ask((redis) => redis.getBuffer(booksKey(prefix, queue, batch)));
    const counts = countRows(books);
    onProgress?.(counts);
    const open = added - counts.completed - counts.failed;
    const outstanding = countOutstanding(queued);
    // Twice in a row: between two states a job is in neither for no one but a reader of several keys.
    if (open <= 0 || (outstanding === 0 && idle)) return { ...counts, missing: Math.max(0, open), interrupted: false };
    idle = outstanding === 0;
    if (signal?.aborted === true) return { ...counts, missing: 0, interrupted: true };
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

/** For each possible byte of the books, how many of its four rows have each state. */
const BY_BYTE = { completed: countInBytes(ROW.completed), failed: countInBytes(ROW.failed) };

function countInBytes(state: number): Uint8Array {
  return Uint8Array.from(
    { length: 256 },
    (_, byte) => [0, 2, 4, 6].filter((at) => ((byte >> at) & 3) === state).length,
  );
}

/** Counts the rows in a batch's books. */
export function countRows(books: Uint8Array | null): RowCounts {
  let completed = 0;
  let failed = 0;
  for (const byte of books ?? []) {
    completed += BY_BYTE.completed[byte] ?? 0;
    failed += BY_BYTE.failed[byte] ?? 0;
  }
  return { completed, failed };
}
