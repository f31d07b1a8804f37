import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `fact` gives something other than `undefined` or `false`, and returns it. A test
 * waits for a fact, never for a time. The limit exists only to say which fact never came.
 * @param everyMs how long between two looks; longer for a fact that is expensive to look up
 */
export async function until<T>(
  what: string,
  fact: () => T | Promise<T>,
  limitMs = 50_000,
  everyMs = 10,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const value = await fact();
    if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    await sleep(everyMs);
  }
}
