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
  // It is not repeated: without a scheme nobody can tell where a password in it ends.
  if (!/^rediss?:\/\/./.test(redisUrl))
    throw unusable('is not an address that begins with redis:// or rediss://', 'Correct it');
  if (!URL.canParse(redisUrl)) throw unusable(`is no URL; ${SPECIAL}`, 'Correct it');
  try {
    const { version } = await askRedis(redisUrl, answerLimitMs);
    const description = `Redis${version === undefined ? '' : ` ${version}`} from REDIS_URL`;
    const exited = new Promise<void>(() => {});
    return { redis: { url: redisUrl, way: 'url', description, exited, stop: async () => {} } };
  } catch (error) {
    throw unusable(`is set, but ${hidePassword(redisUrl)} cannot be used: ${briefly(error)}`, 'Start that Redis');
  }
}

const SPECIAL = 'special characters of a password are written as %-escapes, such as %2F for /';

function unusable(why: string, first: string): DevRedisUnavailable {
  return new DevRedisUnavailable(
    [{ way: 'url', reason: `REDIS_URL ${why}` }],
    `${first}, or unset REDIS_URL to get a private one.`,
  );
}

/** Hides user and password of a URL, so that people may see it. */
export function hidePassword(url: string): string {
  return url.replace(/\/\/.*@/, '//***@');
}
