import { BOOKS_KEPT_S, booksKey, cancelledKey, ROW } from '@bullpen/shared';
import type { Lease } from './lease.js';
import type { Notes } from './notes.js';
import { LONGEST_JSON } from './outcome.js';
import type { ScriptedRedis } from './scripted-redis.js';

/** Writes what Bullpen itself keeps on Redis about jobs. */
export class Books {
  readonly #redis: ScriptedRedis;
  readonly #prefix: string;
  readonly #leaseMs: number;

  constructor(redis: ScriptedRedis, prefix: string, leaseMs: number) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#leaseMs = leaseMs;
  }

  /**
   * Writes the notes about a job that is about to be settled, while the lease holds. Not awaited by its caller: it goes out on the connection that BullMQ records the outcome on,
   * just before it, and Redis keeps that order. Written before the outcome, so that a row can be counted early for a moment but never be missing for ever.
   */
  note(queue: string, jobId: string, { token }: Lease, notes: Notes): void {
    const job = this.#jobKey(queue, jobId);
    const keys = [
      `${job}:lock`,
      job,
      cancelledKey(this.#prefix, queue),
      booksKey(this.#prefix, queue, notes.row?.batch ?? ''),
    ];
    const place = notes.row === undefined ? ['', '', ''] : [notes.row.row - 1, ROW[notes.row.fate], BOOKS_KEPT_S];
    const flags = [notes.attemptsMade ?? '', notes.forgetCrashes ? '1' : '', notes.forgetCancelled ? '1' : ''];
    // It fails with the connection, or with a Redis that refuses writes; so does the record sent behind it, and both are sent again.
    this.#redis.bullpenNote(...keys, token, this.#leaseMs, jobId, ...place, ...flags).catch(() => undefined);
  }

  /**
   * Records how far an attempt is, while its lease holds.
   * @throws RangeError when it is too long, and what Redis throws
   */
  async progress(queue: string, jobId: string, { token }: Lease, progress: unknown): Promise<void> {
    const text = JSON.stringify(progress);
    if (text?.length > LONGEST_JSON) throw new RangeError('progress is longer than 16 MiB as JSON');
    const job = this.#jobKey(queue, jobId);
    const [events, meta] = [`${this.#prefix}:${queue}:events`, `${this.#prefix}:${queue}:meta`];
    await this.#redis.bullpenProgress(`${job}:lock`, job, events, meta, token, jobId, text);
  }

  /** Wakes a worker that blocks on an empty queue: BullMQ forgets to, for a prioritized job that was handed back. */
  wakeOne(queue: string): void {
    this.#redis.zadd(`${this.#prefix}:${queue}:marker`, 0, '0').catch(() => undefined);
  }

  #jobKey(queue: string, jobId: string): string {
    return `${this.#prefix}:${queue}:${jobId}`;
  }
}
