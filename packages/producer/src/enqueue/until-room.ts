import { setTimeout as sleep } from 'node:timers/promises';
import type { Inserted } from './insert.js';

/**
 * How long a full queue is left alone: first, and at most. A worker at full speed makes room for a
 * chunk in about as long.
 */
const FIRST_PAUSE_MS = 20;
const MAX_PAUSE_MS = 250;

/**
 * Inserts as often as it takes for the queue to have room; gives up, with the answer `full`, only
 * when `signal` aborts.
 * @param onFull is told how many jobs wait, each time it finds the queue full and is going to look
 *   again
 */
export async function untilRoom(
  insert: () => Promise<Inserted>,
  signal: AbortSignal | undefined,
  onFull?: (waiting: number) => void,
): Promise<Inserted> {
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    const inserted = await insert();
    if (inserted.kind !== 'full' || signal?.aborted === true) return inserted;
    onFull?.(inserted.waiting ?? 0);
    await sleep(pauseMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
  }
}
