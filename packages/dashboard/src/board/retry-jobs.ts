import { defineScripts, queueKeys, type Redis, type ScriptArg } from '@bullpen/shared/internal';
import { RETRY, RETRY_KEYS } from './retry-script.js';

/** Where jobs may be retried from. */
export type RetriedFrom = 'failed' | 'completed';

/** What became of the jobs of a set, in Bull Board's words. */
export interface RetriedAll {
  readonly retried: number;
  /** Jobs that stayed where they are, because another job holds their key. */
  readonly skipped: number;
}

interface RetryCommands {
  bullpenRetry(...args: ScriptArg[]): Promise<string[]>;
}

const PAGE = 100;

/**
 * Retries jobs. Bull Board alone would retry a job whose key was taken meanwhile: there would be
 * two jobs with one key.
 */
export class RetryJobs {
  readonly #redis: Redis & RetryCommands;
  readonly #prefix: string;

  constructor(redis: Redis, prefix: string) {
    this.#redis = defineScripts<RetryCommands>(redis, {
      bullpenRetry: { keys: RETRY_KEYS, lua: RETRY, effect: 'frees' },
    });
    this.#prefix = prefix;
  }

  /**
   * @throws Error with the status 409 when another job holds its key, or it is not there any more
   */
  async retry(queue: string, from: RetriedFrom, id: string): Promise<void> {
    const [answer = 'gone'] = await this.#call(queue, from, [id]);
    if (answer === '') return;
    const message =
      answer === 'gone'
        ? `The job is not ${from} any more.`
        : `This is a duplicate of ${answer}, which has its key now. It stays here until that job has ended or is removed.`;
    throw Object.assign(new Error(message), { statusCode: 409 });
  }

  /** Retries all jobs that are in the set now, from the oldest, except those whose key is taken. */
  async retryAll(queue: string, from: RetriedFrom): Promise<RetriedAll> {
    const set = queueKeys(this.#prefix, queue)[from];
    const total = await this.#redis.zcard(set);
    let [retried, skipped, seen] = [0, 0, 0];
    while (seen < total) {
      const ids = await this.#redis.zrange(set, String(skipped), String(skipped + Math.min(PAGE, total - seen) - 1));
      if (ids.length === 0) break;
      const answers = await this.#call(queue, from, ids);
      seen += ids.length;
      retried += answers.filter((answer) => answer === '').length;
      skipped += answers.filter((answer) => answer !== '').length;
    }
    return { retried, skipped };
  }

  #call(queue: string, from: RetriedFrom, ids: readonly string[]): Promise<string[]> {
    const keys = queueKeys(this.#prefix, queue);
    const { base, events, wait, meta, active, marker, prioritized, pc } = keys;
    return this.#redis.bullpenRetry(
      ...[keys[from], events, wait, meta, active, marker, prioritized, pc],
      ...[base, from, ...ids],
    );
  }
}
