import { type ClusterPlace, clusterUrlFault, readClusterUrl } from './cluster-url.js';
import { type HostsUrl, isOfKind, splitHostsUrl } from './hosts-url.js';
import { escapeFault, readRedisUrl, redisUrlFault } from './redis-url.js';
import { readSentinelUrl, type SentinelPlace, sentinelUrlFault } from './sentinel-url.js';

/**
 * Where Redis is: one server, or the server that the sentinels name, or the node of a cluster that
 * has our keys.
 */
export type RedisPlace =
  | { readonly by: 'server'; readonly server: ReturnType<typeof readRedisUrl> }
  | { readonly by: 'sentinel'; readonly sentinel: SentinelPlace }
  | { readonly by: 'cluster'; readonly cluster: ClusterPlace };

/**
 * Says what is wrong with the address of a Redis, or returns `undefined`. Never repeats the
 * address: it may hold a password.
 */
export function redisAddressFault(url: string): string | undefined {
  const unescaped = escapeFault(url);
  if (unescaped !== undefined) return unescaped;
  if (isOfKind('sentinel', url)) return sentinelUrlFault(url);
  return isOfKind('cluster', url) ? clusterUrlFault(url) : redisUrlFault(url);
}

/** Reads a valid address. */
export function readRedisAddress(url: string): RedisPlace {
  if (isOfKind('sentinel', url)) return { by: 'sentinel', sentinel: readSentinelUrl(url) };
  if (isOfKind('cluster', url)) return { by: 'cluster', cluster: readClusterUrl(url) };
  return { by: 'server', server: readRedisUrl(url) };
}

/** Removes users and passwords from a valid address. */
export function withoutCredentials(url: string): string {
  const kind = (['sentinel', 'cluster'] as const).find((each) => isOfKind(each, url));
  if (kind !== undefined) {
    const { tls, hosts, path } = splitHostsUrl(url) as HostsUrl;
    return [`redis${tls ? 's' : ''}+${kind}://${hosts.join()}`, ...path.filter((part) => part !== '')].join('/');
  }
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare.href;
}
