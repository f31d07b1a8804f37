import { setTimeout as sleep } from 'node:timers/promises';
import { batchKeys, openRedis, type Redis } from '@bullpen/shared/internal';
import { BATCH, PREFIX, QUEUE } from './job.js';

/** How far a batch is. */
export interface Progress {
  readonly read: number;
  readonly settled: number;
}

/**
 * Often, for a kill to come right behind a chunk; not more, for the machine has better things to
 * do.
 */
const LOOK_EVERY_MS = 2;

/** Looks at the books of the batch from outside. A Redis that is away is waited for. */
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
        // It is loading what it had, or was killed over the answer.
        await sleep(LOOK_EVERY_MS);
      }
    }
  }

  /** Waits until the batch is so far, or `isOver`; says which by whether it is so far. */
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
