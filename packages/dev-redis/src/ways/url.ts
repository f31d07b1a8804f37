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
  const wrong = urlFault(redisUrl);
  if (wrong !== undefined) throw unusable(wrong, 'Correct it');
  try {
    const { version } = await askRedis(redisUrl, answerLimitMs);
    const description = `Redis${version === undefined ? '' : ` ${version}`} from REDIS_URL`;
    const exited = new Promise<void>(() => {});
    return { redis: { url: redisUrl, way: 'url', description, exited, stop: async () => {} } };
  } catch (error) {
    throw unusable(`is set, but ${showUrl(redisUrl)} cannot be used: ${briefly(error)}`, 'Start that Redis');
  }
}

/**
 * Says what is wrong with the URL of a Redis, or returns `undefined`. Never repeats it: in a wrong
 * one nobody can tell where a password ends.
 */
export function urlFault(url: string): string | undefined {
  if (!/^rediss?:\/\/./.test(url)) return 'is not an address that begins with redis:// or rediss://';
  if (!URL.canParse(url)) return `is no URL; ${SPECIAL}`;
  const { hostname, pathname, search, hash } = new URL(url);
  if (hostname === '') return 'names no host';
  // What stands there may be a part of a password that was not escaped.
  if (!/^\/?\d*$/.test(pathname) || search !== '' || hash !== '')
    return `has more behind the host than a port and the number of a database; ${SPECIAL}`;
  return undefined;
}

const SPECIAL = 'special characters of a password are written as %-escapes, such as %2F for / and %23 for #';

function unusable(why: string, first: string): DevRedisUnavailable {
  return new DevRedisUnavailable(
    [{ way: 'url', reason: `REDIS_URL ${why}` }],
    `${first}, or unset REDIS_URL to get a private one.`,
  );
}

/** Shows the URL of a Redis without user and password. */
export function showUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
