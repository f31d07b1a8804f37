import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The first pause and the longest one. A worker at full speed makes room for a chunk in that time.
 */
const FIRST_PAUSE_MS = 20;
const MAX_PAUSE_MS = 250;

/**
 * Inserts again and again until the queue has room. Returns the answer `full` only after `signal`
 * aborts.
 * @param onFull called with how many jobs wait, each time the queue is full, before the next try
 */
export async function untilRoom<Reply extends { readonly kind: string; readonly waiting?: number }>(
  insert: () => Promise<Reply>,
  signal: AbortSignal | undefined,
  onFull?: (waiting: number) => void,
): Promise<Reply> {
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    const inserted = await insert();
    if (inserted.kind !== 'full' || signal?.aborted === true) return inserted;
    onFull?.(inserted.waiting ?? 0);
    await sleep(pauseMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
  }
}
