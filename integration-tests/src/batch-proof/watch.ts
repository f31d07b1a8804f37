import { setTimeout as sleep } from 'node:timers/promises';
import { batchKeys, openRedis, type Redis } from '@bullpen/shared/internal';
import { BATCH, PREFIX, QUEUE } from './job.js';

/** How far a batch is. */
export interface Progress {
  readonly read: number;
  readonly settled: number;
}

/**
 * Often, so that a kill can come right after a chunk; not more often, as other processes need the
 * machine.
 */
const LOOK_EVERY_MS = 2;

/** Looks at the books of the batch from outside. It waits for a Redis that is away. */
export class Watch {
  readonly redis: Redis;
  #closed = false;

  constructor(url: string) {
    this.redis = openRedis(url, 'worker', 'proof:watch');
  }

  async progress(): Promise<Progress> {
    const { books } = batchKeys(PREFIX, QUEUE, BATCH);
    for (;;) {
      try {
        const [read, ...settled] = await this.redis.hmget(books, 'read', 'completed', 'failed', 'cancelled');
        return { read: Number(read ?? 0), settled: settled.reduce((sum, count) => sum + Number(count ?? 0), 0) };
      } catch (error) {
        if (this.#closed) throw error;
        // Redis loads its data, or was killed before it answered.
        await sleep(LOOK_EVERY_MS);
      }
    }
  }

  /** Waits until the batch is so far, or until `isOver`; answers whether it is so far. */
  async until(isSoFar: (progress: Progress) => boolean, isOver: () => boolean): Promise<boolean> {
    while (!isOver()) {
      if (isSoFar(await this.progress())) return true;
      await sleep(LOOK_EVERY_MS);
    }
    return false;
  }

  close(): void {
    this.#closed = true;
    this.redis.disconnect();
  }
}
