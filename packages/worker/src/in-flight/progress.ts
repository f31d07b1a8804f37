import { lockKey, queueKeys } from '@bullpen/shared/internal';
import { MAX_JSON_LENGTH } from '../attempt/outcome.js';
import type { ScriptedRedis } from '../redis/commands.js';
import type { ActiveAttempt } from './active-attempt.js';

/** Records the progress that handlers report. */
export class Progress {
  readonly #redis: ScriptedRedis;
  readonly #prefix: string;

  constructor(redis: ScriptedRedis, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  /**
   * Records the progress of an attempt, while its lease holds.
   * @throws RangeError when the progress is longer than 16 MiB as JSON, TypeError when it cannot be
   *   written as JSON, and what Redis throws
   */
  async record(
    { queue, jobId, lease }: Pick<ActiveAttempt, 'queue' | 'jobId' | 'lease'>,
    progress: unknown,
  ): Promise<void> {
    const text = JSON.stringify(progress);
    if (text?.length > MAX_JSON_LENGTH) throw new RangeError('progress is longer than 16 MiB as JSON');
    const { base, events, meta } = queueKeys(this.#prefix, queue);
    const job = base + jobId;
    await this.#redis.bullpenProgress(lockKey(job), job, events, meta, lease.token, jobId, text);
  }
}
