import { setTimeout as sleep } from 'node:timers/promises';
import { countOutstanding, countQueue, type Redis } from '@bullpen/shared/internal';
import type { Outage } from '../redis/outage.js';

/** What {@link untilEmpty} needs. */
export interface UntilEmptyDeps {
  readonly redis: Redis;
  readonly prefix: string;
  readonly queues: readonly string[];
  readonly outage: Outage;
  /** Whether the worker drains. Then nobody waits for its queues any more. */
  readonly isDraining: () => boolean;
}

const POLL_MS = 250;

/**
 * Resolves when the queues hold no unsettled job, or when the worker drains.
 * @throws what Redis throws when it is no outage
 */
export async function untilEmpty({ redis, prefix, queues, outage, isDraining }: UntilEmptyDeps): Promise<void> {
  const outstanding = async (queue: string) => countOutstanding(await countQueue(redis, prefix, queue));
  for (;;) {
    try {
      const counts = await Promise.all(queues.map(outstanding));
      if (counts.every((count) => count === 0)) return;
    } catch (error) {
      // In an outage Redis is asked again later.
      if (!isDraining() && !outage.noteIfOutage(error)) throw error;
    }
    if (isDraining()) return;
    await sleep(POLL_MS);
  }
}
