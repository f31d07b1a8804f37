import { cancelledChannel, cancelledKey, JobCancelled, type Redis } from '@bullpen/shared';
import type { ActiveAttempts } from './active-attempts.js';
import type { AttemptStop } from './attempt-stop.js';

const REFRESH_MS = 5_000;

/**
 * Which jobs were cancelled. Kept in memory, so that asking costs a job nothing: told by publications, and read again every few seconds and
 * after each reconnect, in case a publication was missed.
 */
export class Cancellations {
  readonly #redis: Redis;
  readonly #subscriber: Redis;
  readonly #prefix: string;
  readonly #active: ActiveAttempts;
  readonly #byQueue: ReadonlyMap<string, Set<string>>;
  readonly #timer: NodeJS.Timeout;

  /** @param subscriber a connection of its own, closed by {@link close}; `redis` is shared and stays open */
  constructor(redis: Redis, subscriber: Redis, prefix: string, queues: readonly string[], active: ActiveAttempts) {
    this.#redis = redis;
    this.#subscriber = subscriber;
    this.#prefix = prefix;
    this.#active = active;
    this.#byQueue = new Map(queues.map((queue) => [queue, new Set<string>()]));
    subscriber.on('message', (channel: string, jobId: string) => {
      const queue = queues.find((name) => cancelledChannel(prefix, name) === channel);
      if (queue !== undefined) this.#cancelled(queue, jobId);
    });
    // Subscribing survives reconnects; what was published in between is read from the notes.
    subscriber.subscribe(...queues.map((queue) => cancelledChannel(prefix, queue))).catch(() => undefined);
    subscriber.on('ready', () => void this.#refresh());
    this.#timer = setInterval(() => void this.#refresh(), REFRESH_MS);
  }

  /** Reads what was cancelled before this worker came; to be awaited before the first fetch. Waits while Redis is away. */
  async load(): Promise<void> {
    await this.#read();
  }

  /** Stops an attempt that is about to start, if its job was cancelled. */
  check(queue: string, jobId: string, stop: AttemptStop): void {
    const ids = this.#byQueue.get(queue);
    if (ids?.delete(jobId) === true) stop.abort(new JobCancelled());
  }

  close(): void {
    clearInterval(this.#timer);
    this.#subscriber.disconnect();
  }

  #cancelled(queue: string, jobId: string): void {
    const running = this.#active.find(queue, jobId);
    if (running !== undefined) running.stop.abort(new JobCancelled());
    else this.#byQueue.get(queue)?.add(jobId);
  }

  async #refresh(): Promise<void> {
    if (this.#redis.status === 'ready') await this.#read().catch(() => undefined);
  }

  async #read(): Promise<void> {
    const reads = [...this.#byQueue].map(async ([queue, ids]) => {
      const known = [...ids];
      const noted = new Set(await this.#redis.zrangebyscore(cancelledKey(this.#prefix, queue), Date.now(), '+inf'));
      // Forget those that other workers have settled, but none that was told of while we read: the notes may be older.
      for (const jobId of known) if (!noted.has(jobId)) ids.delete(jobId);
      for (const jobId of noted) this.#cancelled(queue, jobId);
    });
    await Promise.all(reads);
  }
}
