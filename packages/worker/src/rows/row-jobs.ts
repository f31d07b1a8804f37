import { batchKeys, lockKey, queueKeys } from '@bullpen/shared/internal';
import type { Lease } from '../in-flight/lease.js';
import { notOurs } from '../in-flight/recorder.js';
import type { ScriptedRedis } from '../redis/commands.js';

/** A job that several rows share. */
export interface SharedJob {
  readonly queue: string;
  readonly jobId: string;
  readonly batch: string;
  readonly lease: Lease;
}

/** A row that gets a job of its own. */
export interface SplitRow {
  readonly row: number;
  /** The payload, and the `opts` of the new job, as JSON. */
  readonly data: string;
  readonly opts: string;
  readonly dueAt: number;
  readonly attemptsMade: number;
  readonly crashes: number;
  /** Marks the row as a suspect: how long the shared job had run, in ms; empty when it is none. */
  readonly suspectMs: number | '';
  /** Why the last attempt failed; empty when none did. */
  readonly failure: string;
}

/** What a shared job and the jobs of its single rows have in common. */
export interface SplitOptions {
  readonly name: string;
  readonly timestamp: number;
  readonly priority: number;
  /** The new number of crashes of the shared job; `undefined` leaves it as it is. */
  readonly crashes: number | undefined;
}

/** Gives rows of a shared job jobs of their own, and reads which rows of a shared job are open. */
export class RowJobs {
  readonly #redis: ScriptedRedis;
  readonly #prefix: string;

  constructor(redis: ScriptedRedis, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  /**
   * Gives rows of a shared job jobs of their own, while its lease holds.
   * @throws `notOurs()` when the job is not ours any more, and what Redis throws
   */
  async splitRows(shared: SharedJob, rows: readonly SplitRow[], options: SplitOptions): Promise<void> {
    const { queue, jobId, batch, lease } = shared;
    const { base, meta, delayed, events, marker } = queueKeys(this.#prefix, queue);
    const job = base + jobId;
    const keys = [lockKey(job), job, meta, delayed, events, marker];
    const { name, timestamp, priority, crashes = '' } = options;
    const args = rows.flatMap((row) => [
      ...[row.row, row.data, row.opts, row.dueAt, row.attemptsMade, row.crashes, row.suspectMs, row.failure],
    ]);
    const head = [lease.token, base, batch, name, timestamp, priority, crashes];
    if ((await this.#redis.bullpenSplitRows(...keys, ...head, ...args)) === 0) throw notOurs();
  }

  /**
   * Which rows of a shared job are not done yet: not settled, and without a job of their own.
   * @throws what Redis throws
   */
  openRows(queue: string, batch: string, rows: readonly number[]): Promise<number[]> {
    const { fates } = batchKeys(this.#prefix, queue, batch);
    return this.#redis.bullpenOpenRows(fates, queueKeys(this.#prefix, queue).base, batch, ...rows);
  }
}
