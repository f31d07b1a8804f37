import { JobCancelled } from '@bullpen/shared';
import { cancelledBatch, cancelledChannel, cancelledKey, type Redis } from '@bullpen/shared/internal';
import type { AttemptStop } from '../attempt/attempt-stop.js';
import type { ActiveAttempt } from './active-attempt.js';
import type { ActiveAttempts } from './active-attempts.js';

const REFRESH_MS = 5_000;

/** What can be cancelled: a job by its id, and all of its batch, if it has one. */
export type Cancellable = Pick<ActiveAttempt, 'queue' | 'jobId' | 'batch'>;

/**
 * Which jobs were cancelled. Kept in memory, so that asking costs a job nothing: told by
 * publications, and read again every few seconds and after each reconnect, in case a publication
 * was missed. Memory is only a hint: another worker may have settled the job since, and a new one
 * have its id; publications know no databases. So the note on Redis is asked for before anybody is
 * stopped.
 */
export class Cancellations {
  readonly #redis: Redis;
  readonly #subscriber: Redis;
  readonly #prefix: string;
  readonly #active: ActiveAttempts;
  readonly #byQueue: ReadonlyMap<string, Set<string>>;
  readonly #timer: NodeJS.Timeout;

  /**
   * @param subscriber a connection of its own, closed by {@link close}; `redis` is shared and stays
   * open
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
    // Subscribing survives reconnects; what was published in between is read from the notes.
    subscriber.subscribe(...queues.map((queue) => cancelledChannel(prefix, queue))).catch(() => undefined);
    subscriber.on('ready', () => void this.#refresh());
    this.#timer = setInterval(() => void this.#refresh(), REFRESH_MS);
  }

  /**
   * Reads what was cancelled before this worker came; to be awaited before the first fetch. Waits
   * while Redis is away.
   */
  async load(): Promise<void> {
    await this.#read();
  }

  /**
   * Whether a job, or its batch, may have been cancelled. Costs nothing; if so, {@link stopIfNoted}
   * knows for certain.
   */
  suspects({ queue, jobId, batch }: Cancellable): boolean {
    const ids = this.#byQueue.get(queue);
    if (ids === undefined || ids.size === 0) return false;
    return ids.has(jobId) || (batch !== undefined && ids.has(cancelledBatch(batch)));
  }

  /**
   * Aborts an attempt if its job or its batch is noted as cancelled. Never throws: who cannot be
   * asked now will be asked again when the notes are read.
   */
  async stopIfNoted({ queue, jobId, batch }: Cancellable, stop: AttemptStop): Promise<void> {
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
    // Remembered also if it runs here: it may be snoozed or retried, and come back.
    this.#byQueue.get(queue)?.add(id);
    const running = this.#active.find(queue, id);
    if (running !== undefined) void this.stopIfNoted(running, running.stop);
    if (!id.startsWith(cancelledBatch(''))) return;
    for (const attempt of this.#active) {
      if (attempt.queue !== queue || attempt.batch === undefined || cancelledBatch(attempt.batch) !== id) continue;
      void this.stopIfNoted(attempt, attempt.stop);
    }
  }

  async #refresh(): Promise<void> {
    if (this.#redis.status === 'ready') await this.#read().catch(() => undefined);
  }

  async #read(): Promise<void> {
    const reads = [...this.#byQueue].map(async ([queue, ids]) => {
      const known = [...ids];
      const noted = new Set(await this.#redis.zrangebyscore(cancelledKey(this.#prefix, queue), Date.now(), '+inf'));
      // Forget those that other workers have settled, but none that was told of while we read: the
      // notes may be older.
      for (const jobId of known) if (!noted.has(jobId)) ids.delete(jobId);
      for (const jobId of noted) this.#cancelled(queue, jobId);
    });
    await Promise.all(reads);
  }
}
