import { JobCancelled } from '@bullpen/shared';
import { cancelledBatch, cancelledChannel, cancelledKey, type Redis } from '@bullpen/shared/internal';
import type { AttemptStop } from '../attempt/attempt-stop.js';
import type { ActiveAttempt } from './active-attempt.js';
import type { ActiveAttempts } from './active-attempts.js';

const REFRESH_MS = 5_000;

/** What can be cancelled: a job by its id, or together with all of its batch. */
export type Cancellable = Pick<ActiveAttempt, 'queue' | 'jobId' | 'batch'>;

/**
 * Which jobs were cancelled. This is kept in memory, so that asking costs nothing for each job.
 * Publications fill it. In case one was missed, it is also read from Redis every few seconds and
 * after each reconnect.
 *
 * Memory is only a hint: another worker may have settled the job since, and a new job may have its
 * id. Also, publications reach all databases of a Redis. So Redis is asked before an attempt is
 * aborted.
 */
export class Cancellations {
  readonly #redis: Redis;
  readonly #subscriber: Redis;
  readonly #prefix: string;
  readonly #active: ActiveAttempts;
  readonly #byQueue: ReadonlyMap<string, Set<string>>;
  readonly #timer: NodeJS.Timeout;

  /**
   * @param redis a shared connection, which stays open
   * @param subscriber a connection of its own, which {@link close} closes; a `Subscription` subscribes
   *   it
   */
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
    // What was published while it was not connected is read from Redis.
    subscriber.on('ready', () => void this.#readIfConnected());
    this.#timer = setInterval(() => void this.#readIfConnected(), REFRESH_MS);
  }

  /**
   * Reads what was cancelled before this worker started. Await it before the first fetch.
   * @throws what Redis throws
   */
  async load(): Promise<void> {
    await this.#read();
  }

  /**
   * Whether a job or its batch may have been cancelled. Asks nobody. If it returns true, {@link
   * abortIfCancelled} finds out.
   */
  mayBeCancelled({ queue, jobId, batch }: Cancellable): boolean {
    const ids = this.#byQueue.get(queue);
    if (ids === undefined || ids.size === 0) return false;
    return ids.has(jobId) || (batch !== undefined && ids.has(cancelledBatch(batch)));
  }

  /**
   * Aborts an attempt if Redis says that its job or its batch was cancelled. Never throws: when
   * Redis cannot be asked now, the next reading of Redis leads here again.
   */
  async abortIfCancelled({ queue, jobId, batch }: Cancellable, stop: AttemptStop): Promise<void> {
    const ids = this.#byQueue.get(queue);
    for (const id of batch === undefined ? [jobId] : [jobId, cancelledBatch(batch)]) {
      if (stop.reason !== undefined || ids?.has(id) !== true) continue;
      const expiry = await this.#redis.zscore(cancelledKey(this.#prefix, queue), id).catch(() => undefined);
      if (expiry === undefined) continue;
      if (expiry !== null && Number(expiry) >= Date.now()) stop.abort(new JobCancelled());
      else ids.delete(id);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#subscriber.disconnect();
  }

  #cancelled(queue: string, id: string): void {
    // Also remembered if the job runs here: it may be snoozed or retried, and come back.
    this.#byQueue.get(queue)?.add(id);
    const running = this.#active.find(queue, id);
    if (running !== undefined) void this.abortIfCancelled(running, running.stop);
    if (!id.startsWith(cancelledBatch(''))) return;
    for (const attempt of this.#active) {
      if (attempt.queue !== queue || attempt.batch === undefined || cancelledBatch(attempt.batch) !== id) continue;
      void this.abortIfCancelled(attempt, attempt.stop);
    }
  }

  async #readIfConnected(): Promise<void> {
    if (this.#redis.status === 'ready') await this.#read().catch(() => undefined);
  }

  async #read(): Promise<void> {
    const reads = [...this.#byQueue].map(async ([queue, ids]) => {
      const known = [...ids];
      const noted = new Set(await this.#redis.zrangebyscore(cancelledKey(this.#prefix, queue), Date.now(), '+inf'));
      // Forget those that other workers have settled. Keep those that were published while we read:
      // our answer may be older.
      for (const jobId of known) if (!noted.has(jobId)) ids.delete(jobId);
      for (const jobId of noted) this.#cancelled(queue, jobId);
    });
    await Promise.all(reads);
  }
}
