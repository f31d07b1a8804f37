import type { Logger } from '@bullpen/shared';
import { findQueues, isConnectionLoss, type Redis, SCAN_COUNT } from '@bullpen/shared/internal';
import { type ConnectionOptions, Queue } from 'bullmq';
import { BoardBackend } from './board-backend.js';
import { repeat } from './repeat.js';

export type { Queue } from 'bullmq';

/** What {@link BoardQueues} needs. */
export interface BoardQueuesDeps {
  readonly redis: Redis;
  readonly prefix: string;
  /** How often to look for queues at most, in milliseconds. */
  readonly discoverEveryMs: number;
  readonly log: Logger;
  /** Called for each queue that was found. */
  readonly added: (queue: Queue) => void;
  /** Called for each queue whose keys are gone. */
  readonly removed: (name: string) => void;
}

/** How soon to look again while there is no connection: a new process shows no queues until then. */
const CONNECTING_MS = 100;
/** Scanning the key space takes time of Redis. We rest this many times as long as a scan took. */
const REST_FACTOR = 20;

/**
 * The queues under the prefix, as BullMQ's `Queue`. It finds new queues without a restart, and
 * drops queues whose keys are gone. It writes nothing to Redis.
 */
export class BoardQueues {
  readonly #deps: BoardQueuesDeps;
  readonly #queues = new Map<string, Queue>();
  #stop: (() => Promise<void>) | undefined;

  constructor(deps: BoardQueuesDeps) {
    this.#deps = deps;
    BoardBackend.define(deps.redis);
  }

  /** The names of the queues that the last look found. */
  names(): readonly string[] {
    return [...this.#queues.keys()];
  }

  /** Looks for queues now, and again and again. */
  start(): void {
    const { redis, discoverEveryMs, log } = this.#deps;
    let failed = false;
    this.#stop ??= repeat(async () => {
      if (redis.status !== 'ready') return Math.min(discoverEveryMs, CONNECTING_MS);
      const startedAt = performance.now();
      try {
        await this.#look();
        failed = false;
      } catch (error) {
        // An outage has a line of its own, and everything in it fails.
        if (!failed && !isConnectionLoss(error)) log.warn({ err: error }, 'looking for queues failed');
        failed = true;
      }
      return Math.max(discoverEveryMs, REST_FACTOR * (performance.now() - startedAt));
    });
  }

  async close(): Promise<void> {
    await this.#stop?.();
    await Promise.all([...this.#queues.keys()].map((name) => this.#remove(name)));
  }

  async #look(): Promise<void> {
    const { redis, prefix } = this.#deps;
    const names = await findQueues(prefix, 'meta', (cursor, pattern) =>
      redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT),
    );
    for (const name of names) if (!this.#queues.has(name)) this.#add(name);
    const found = new Set(names);
    for (const name of this.#queues.keys()) if (!found.has(name)) await this.#remove(name);
  }

  #add(name: string): void {
    const { redis, prefix, added, log } = this.#deps;
    const connection = redis as unknown as ConnectionOptions;
    // Without these two options BullMQ would write to Redis.
    const options = { connection, prefix, skipMetasUpdate: true, skipVersionCheck: true };
    const queue: Queue = new Queue(name, options, () => new BoardBackend(name, options));
    // A missing listener would end the process. Whoever made the request gets the error.
    queue.on('error', (error) => log.debug({ err: error, queue: name }, 'queue failed'));
    this.#queues.set(name, queue);
    added(queue);
  }

  async #remove(name: string): Promise<void> {
    const queue = this.#queues.get(name);
    this.#queues.delete(name);
    this.#deps.removed(name);
    // It has no connection of its own. What fails is a command that nobody waits for any more.
    await queue?.close().catch(() => undefined);
  }
}
