import type { Logger } from '@bullpen/shared';
import { findQueues, type Redis, SCAN_COUNT } from '@bullpen/shared/internal';
import { type ConnectionOptions, Queue } from 'bullmq';
import { every } from './repeat.js';

export type { Queue } from 'bullmq';

/** What {@link BoardQueues} takes. */
export interface BoardQueuesDeps {
  readonly redis: Redis;
  readonly prefix: string;
  /** The shortest time between two looks for queues, in milliseconds. */
  readonly discoverEveryMs: number;
  readonly log: Logger;
  readonly added: (queue: Queue) => void;
  readonly removed: (name: string) => void;
}

/** Looking through the key space takes Redis' time: we rest so many times as long as we looked. */
const REST = 20;

/**
 * The queues under the prefix, as BullMQ knows them: found without a restart, and gone when their
 * keys are. Writes nothing.
 */
export class BoardQueues {
  readonly #parts: BoardQueuesDeps;
  readonly #queues = new Map<string, Queue>();
  #stop: (() => Promise<void>) | undefined;

  constructor(parts: BoardQueuesDeps) {
    this.#parts = parts;
  }

  /** Their names, as of the last look. */
  names(): readonly string[] {
    return [...this.#queues.keys()];
  }

  /** Looks now, and from now on. */
  start(): void {
    const { redis, discoverEveryMs, log } = this.#parts;
    let failed = false;
    this.#stop ??= every(async () => {
      if (redis.status !== 'ready') return Math.min(discoverEveryMs, 1_000);
      const startedAt = performance.now();
      try {
        await this.#look();
        failed = false;
      } catch (error) {
        if (!failed) log.warn({ err: error }, 'queues could not be looked for');
        failed = true;
      }
      return Math.max(discoverEveryMs, REST * (performance.now() - startedAt));
    });
  }

  async close(): Promise<void> {
    await this.#stop?.();
    await Promise.all([...this.#queues.keys()].map((name) => this.#remove(name)));
  }

  async #look(): Promise<void> {
    const { redis, prefix } = this.#parts;
    const names = await findQueues(prefix, 'meta', (cursor, pattern) =>
      redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT),
    );
    for (const name of names) if (!this.#queues.has(name)) this.#add(name);
    const found = new Set(names);
    for (const name of this.#queues.keys()) if (!found.has(name)) await this.#remove(name);
  }

  #add(name: string): void {
    const { redis, prefix, added, log } = this.#parts;
    const connection = redis as unknown as ConnectionOptions;
    // Without these two BullMQ would write that it was here.
    const queue = new Queue(name, { connection, prefix, skipMetasUpdate: true, skipVersionCheck: true });
    // A missing listener would end the process; what fails is answered to who asked.
    queue.on('error', (error) => log.debug({ err: error, queue: name }, 'queue had an error'));
    this.#queues.set(name, queue);
    added(queue);
  }

  async #remove(name: string): Promise<void> {
    const queue = this.#queues.get(name);
    this.#queues.delete(name);
    this.#parts.removed(name);
    await queue?.close().catch(() => undefined);
  }
}
