import { setTimeout as sleep } from 'node:timers/promises';
import { countOutstanding, countQueue, type Redis } from '@bullpen/shared/internal';
import type { Outage } from '../redis/outage.js';

/** What {@link untilEmpty} looks at. */
export interface UntilEmptyDeps {
  readonly redis: Redis;
  readonly prefix: string;
  readonly queues: readonly string[];
  readonly outage: Outage;
  /** A worker that drains does not wait for its queues any more. */
  readonly isDraining: () => boolean;
}

const POLL_MS = 250;

/** Resolves when the queues hold nothing that is still to be settled, or when the worker drains. */
export async function untilEmpty({ redis, prefix, queues, outage, isDraining }: UntilEmptyDeps): Promise<void> {
  const outstanding = async (queue: string) => countOutstanding(await countQueue(redis, prefix, queue));
  for (;;) {
    try {
      const counts = await Promise.all(queues.map(outstanding));
      if (counts.every((count) => count === 0)) return;
    } catch (error) {
      // A Redis that cannot say now how much is left will say it later.
      if (!isDraining() && !outage.noteIfOutage(error)) throw error;
    }
    if (isDraining()) return;
    await sleep(POLL_MS);
  }
}
