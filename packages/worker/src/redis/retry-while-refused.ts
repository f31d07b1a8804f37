import { setTimeout as sleep } from 'node:timers/promises';
import { refusesForNow } from '@bullpen/shared/internal';
import type { Outage } from './outage.js';

/** How long a Redis that is still loading, say, is left alone. */
const RETRY_MS = 250;

/**
 * Asks Redis until it can answer.
 * @throws what Redis says when waiting does not mend it
 */
export async function retryWhileRefused(outage: Outage, ask: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!refusesForNow(error)) throw error;
      outage.noteIfOutage(error);
      await sleep(RETRY_MS);
    }
  }
}
