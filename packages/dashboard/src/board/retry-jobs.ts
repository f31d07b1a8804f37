import { defineScripts, queueKeys, type Redis, type ScriptArg } from '@bullpen/shared/internal';
import { RETRY, RETRY_KEYS } from './retry-script.js';

/** Where jobs may be retried from, and promoted from. */
export type RetriedFrom = 'failed' | 'completed' | 'delayed';

/** What became of the jobs of a set, in Bull Board's words. */
export interface RetriedAll {
  readonly retried: number;
  /**
   * Jobs that stayed where they are: another job holds their key, or jobs of the other kind, with or
   * without a priority, are on the queue.
   */
  readonly skipped: number;
}

interface RetryCommands {
  bullpenRetry(...args: ScriptArg[]): Promise<string[]>;
}

const PAGE = 100;

/**
 * Retries jobs, and promotes delayed ones. Bull Board alone would retry a job whose key was taken
 * meanwhile: there would be two jobs with one key. It would also put a job with a priority beside
 * jobs without, which always go before it.
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
    if (answer !== '') throw refused(answer, queue, from);
  }

  /**
   * Retries all jobs that are in the set now, from the oldest, except those that must stay.
   * @throws Error with the status 409 when all must stay because of their priorities
   */
  async retryAll(queue: string, from: RetriedFrom): Promise<RetriedAll> {
    const set = queueKeys(this.#prefix, queue)[from];
    const total = await this.#redis.zcard(set);
    let [retried, skipped, seen, mixed]: [number, number, number, string?] = [0, 0, 0];
    while (seen < total) {
      const ids = await this.#redis.zrange(set, String(skipped), String(skipped + Math.min(PAGE, total - seen) - 1));
      if (ids.length === 0) break;
      const answers = await this.#call(queue, from, ids);
      seen += ids.length;
      retried += answers.filter((answer) => answer === '').length;
      skipped += answers.filter((answer) => answer !== '').length;
      mixed ??= answers.find((answer) => answer.startsWith('mixed'));
    }
    if (retried === 0 && mixed !== undefined) throw refused(mixed, queue, from);
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

/** The error for a job that stays where it is. Bull Board shows its message. */
function refused(answer: string, queue: string, from: RetriedFrom): Error {
  return Object.assign(new Error(reasonOf(answer, queue, from)), { statusCode: 409 });
}

function reasonOf(answer: string, queue: string, from: RetriedFrom): string {
  const stays = `It stays here until the jobs of queue '${queue}' have ended or are removed.`;
  switch (answer) {
    case 'gone':
      return `The job is not ${from} any more.`;
    case 'mixed0':
      return `The job has no priority, and would go before the jobs of the queue, which have one. ${stays}`;
    case 'mixed1':
      return `The job has a priority, and the jobs of the queue, which have none, would always go before it. ${stays}`;
    default:
      return `This is a duplicate of ${answer}, which has its key now. It stays here until that job has ended or is removed.`;
  }
}
