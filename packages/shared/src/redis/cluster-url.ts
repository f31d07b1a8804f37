import { type HostPort, type HostsUrl, hostsFault, readHosts, splitHostsUrl } from './hosts-url.js';
import { LOGIN_ADVICE, parameterFault, readRedisUrl, redisUrlFault } from './redis-url.js';

/** A Redis Cluster: some of its nodes, and how to log in. */
export interface ClusterPlace {
  /** Some of its nodes; at least one of them must answer. */
  readonly nodes: readonly HostPort[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
}

/** Says what is wrong with such a URL, or returns `undefined`. Never repeats a part of it. */
export function clusterUrlFault(url: string): string | undefined {
  const parts = splitHostsUrl(url);
  if (parts === undefined) return `expected a URL such as redis+cluster://host1:6379,host2:6379${LOGIN_ADVICE}`;
  const { login, hosts, path, query } = parts;
  if (query !== '') return parameterFault(query);
  if (!['', '0'].includes(path.join('/')))
    return 'expected no database after the nodes: a Redis Cluster has database 0 only';
  return hostsFault(hosts, 'node') ?? redisUrlFault(`redis://${login}host`);
}

/** Reads a valid `redis+cluster:` URL; user and password are decoded. */
export function readClusterUrl(url: string): ClusterPlace {
  const { tls, login, hosts } = splitHostsUrl(url) as HostsUrl;
  const { username, password } = readRedisUrl(`redis://${login}host`);
  return { nodes: readHosts(hosts, 6_379), username, password, tls };
}

/** Says why a cluster would scatter the keys of a prefix over nodes, or returns `undefined`. */
export function hashTagFault(prefix: string): string | undefined {
  if (/^[^{]*\{[^}]+\}/.test(prefix)) return undefined;
  return 'a Redis Cluster keeps only keys with the same part in braces together: expected a prefix such as {bullpen}';
}
