import { type HostPort, type HostsUrl, hostsFault, readHosts, splitHostsUrl } from './hosts-url.js';
import { readRedisUrl, redisUrlFault } from './redis-url.js';

/** Where a Redis Cluster is. */
export interface ClusterPlace {
  /** Some of its nodes, of which one at least answers. */
  readonly nodes: readonly HostPort[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
}

/** What is wrong with such a URL, or `undefined`. Never repeats a part of it. */
export function clusterUrlFault(url: string): string | undefined {
  const parts = splitHostsUrl(url);
  if (parts === undefined || parts.query !== '')
    return 'expected a URL such as redis+cluster://user:password@host1:6379,host2:6379';
  const { login, hosts, path } = parts;
  // A cluster has no other.
  if (!['', '0'].includes(path.join('/'))) return 'expected no database after the nodes: a Redis Cluster has but 0';
  return hostsFault(hosts, 'node') ?? redisUrlFault(`redis://${login}host`);
}

/** The parts of a valid URL of this kind, decoded. */
export function readClusterUrl(url: string): ClusterPlace {
  const { tls, login, hosts } = splitHostsUrl(url) as HostsUrl;
  const { username, password } = readRedisUrl(`redis://${login}host`);
  return { nodes: readHosts(hosts, 6_379), username, password, tls };
}

/** What keeps a prefix's keys from being in one place in a cluster, or `undefined`. */
export function hashTagFault(prefix: string): string | undefined {
  if (/^[^{]*\{[^}]+\}/.test(prefix)) return undefined;
  return 'a Redis Cluster keeps together only what has a part in braces in common: expected a prefix such as {bullpen}';
}
