import type { Facts } from './facts.js';
import { expectedCounts } from './rows.js';

/** Keys of a queue that stay when it is empty, and the deaths of workers, which expire soon. */
const OF_THE_QUEUE = /^(meta|id|events|marker|pc|stalled-check|batches|died:.+)$/;
const OF_THE_BATCH = /^batch:x(:(fates|failures|reasons|examples))?$/;
const OF_A_KEY = /^key:[A-Za-z0-9_-]{22}$/;

/**
 * When everything is settled, only the books are left: no job, no lock, nothing on any list, and no
 * keys but those of completed rows.
 */
export function checkLeft({ stored, scenario, plan }: Facts): string[] {
  const { counts, keys, keysLater } = stored;
  const wrong = (['waiting', 'prioritized', 'delayed', 'active', 'completed', 'failed'] as const)
    .filter((state) => counts[state] !== 0)
    .map((state) => `${counts[state]} jobs are left ${state}`);
  const taken = keys.filter((key) => OF_A_KEY.test(key)).length;
  const completed = scenario.keyed === true ? expectedCounts(plan).completed : 0;
  if (taken !== completed) wrong.push(`${taken} keys are taken, by ${completed} rows that completed`);
  for (const key of keys) {
    if (!OF_THE_QUEUE.test(key) && !OF_THE_BATCH.test(key) && !OF_A_KEY.test(key)) wrong.push(`left on Redis: ${key}`);
  }
  for (const key of keysLater ?? []) {
    if (key.startsWith('batch')) wrong.push(`left on Redis after the books expired: ${key}`);
  }
  return wrong;
}
