import { BOOKS_KEPT_S, type BullpenOpts, booksKey, cancelledKey, type Redis, ROW } from '@bullpen/shared';

/** Writes what Bullpen itself keeps on Redis about jobs. */
export class Books {
  readonly #redis: Redis;
  readonly #prefix: string;

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  /**
   * Notes a row's fate, if the job is a row of a batch. Not awaited by its caller: it goes out on the connection that BullMQ records the outcome on,
   * just before it, and Redis keeps that order. Written before the outcome, so that a row can be counted early for a
   * moment but never be missing for ever; written twice it is the same.
   */
  noteRow(queue: string, { batch, row }: BullpenOpts, fate: 'completed' | 'failed'): void {
    if (batch === undefined || row === undefined) return;
    const key = booksKey(this.#prefix, queue, batch);
    this.#redis
      .pipeline()
      .bitfield(key, 'SET', 'u2', `#${row - 1}`, ROW[fate])
      .expire(key, BOOKS_KEPT_S)
      .exec()
      .catch(() => undefined);
  }

  /** Takes back the attempt that BullMQ is about to count for a job whose handler never ran. Same connection, same order. */
  unspendAttempt(queue: string, jobId: string): void {
    this.#redis.hincrby(`${this.#prefix}:${queue}:${jobId}`, 'atm', -1).catch(() => undefined);
  }

  /** Wakes a worker that blocks on an empty queue: BullMQ forgets to, for a prioritized job that was handed back. */
  wakeOne(queue: string): void {
    this.#redis.zadd(`${this.#prefix}:${queue}:marker`, 0, '0').catch(() => undefined);
  }

  /** Forgets a cancellation that was carried out. */
  forgetCancelled(queue: string, jobId: string): void {
    this.#redis.zrem(cancelledKey(this.#prefix, queue), jobId).catch(() => undefined);
  }
}
