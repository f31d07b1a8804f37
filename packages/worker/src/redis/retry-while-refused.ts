import { setTimeout as sleep } from 'node:timers/promises';
import { refusesForNow } from '@bullpen/shared/internal';
import type { Outage } from './outage.js';

/** How long to wait before asking again, for example while Redis loads its data. */
const RETRY_MS = 250;

/**
 * Asks Redis until it can answer.
 * @throws what Redis throws when waiting does not help
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
