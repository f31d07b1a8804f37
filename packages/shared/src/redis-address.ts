import { readRedisUrl, redisUrlFault } from './redis-url.js';
import {
  isSentinelUrl,
  readSentinelUrl,
  type SentinelPlace,
  sentinelUrlFault,
  withoutSentinelCredentials,
} from './sentinel-url.js';

/** Where Redis is: one server, or whichever server the sentinels name. */
export type RedisPlace =
  | { readonly by: 'server'; readonly server: ReturnType<typeof readRedisUrl> }
  | { readonly by: 'sentinel'; readonly sentinel: SentinelPlace };

/** What is wrong with the address of a Redis, or `undefined`. Never repeats it: it may hold a password. */
export function redisAddressFault(url: string): string | undefined {
  return isSentinelUrl(url) ? sentinelUrlFault(url) : redisUrlFault(url);
}

/** Reads a valid address. */
export function readRedisAddress(url: string): RedisPlace {
  if (isSentinelUrl(url)) return { by: 'sentinel', sentinel: readSentinelUrl(url) };
  return { by: 'server', server: readRedisUrl(url) };
}

/** A valid address without users and passwords. */
export function withoutCredentials(url: string): string {
  if (isSentinelUrl(url)) return withoutSentinelCredentials(url);
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare.href;
}
