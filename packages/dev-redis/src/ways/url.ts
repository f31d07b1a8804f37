import { askRedis } from '../ask-redis.js';
import type { WayResult } from '../dev-redis.js';
import type { Environment } from '../environment.js';
import { briefly, DevRedisUnavailable } from '../errors.js';

const answerLimitMs = 5_000;

/**
 * Uses the Redis that REDIS_URL names. The variable is a choice, so no other way is tried when that
 * Redis does not answer.
 */
export async function connectToUrl({ redisUrl }: Environment): Promise<WayResult> {
  if (redisUrl === undefined) return { reason: 'REDIS_URL is not set', tell: false };
  const shown = hidePassword(redisUrl);
  try {
    if (!/^rediss?:\/\//.test(redisUrl)) throw new Error('it must begin with redis:// or rediss://');
    const { version } = await askRedis(redisUrl, answerLimitMs);
    const description = `Redis${version === undefined ? '' : ` ${version}`} from REDIS_URL`;
    const exited = new Promise<void>(() => {});
    return { redis: { url: redisUrl, way: 'url', description, exited, stop: async () => {} } };
  } catch (error) {
    const reason = `REDIS_URL is set, but ${shown} does not answer: ${briefly(error)}`;
    throw new DevRedisUnavailable(
      [{ way: 'url', reason }],
      'Start that Redis, or unset REDIS_URL to get a private one.',
    );
  }
}

/** Hides user and password of a URL, so that people may see it. */
export function hidePassword(url: string): string {
  return url.replace(/\/\/.*@/, '//***@');
}
