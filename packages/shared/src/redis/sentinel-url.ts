import { type HostPort, type HostsUrl, hostsFault, readHosts, splitHostsUrl } from './hosts-url.js';
import { readRedisUrl, redisUrlFault } from './redis-url.js';

/** Where Sentinel watches over Redis. */
export interface SentinelPlace {
  readonly sentinels: readonly HostPort[];
  /** What the sentinels call the primary. */
  readonly master: string;
  /** Of Redis. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  /** To Redis and to the sentinels. */
  readonly tls: boolean;
  /** Of the sentinels, which have their own. */
  readonly sentinelUsername: string | undefined;
  readonly sentinelPassword: string | undefined;
}

const EXAMPLE = 'redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0';
const QUERY = /^(?:(?:sentinelUsername|sentinelPassword)=(?:[\w.~-]|%[\dA-Fa-f]{2})*(?:&(?!$)|$))*$/;

/**
 * What is wrong with such a URL, or `undefined`. Never repeats a part of it: passwords end up in
 * odd places.
 */
export function sentinelUrlFault(url: string): string | undefined {
  const parts = splitHostsUrl(url);
  if (parts === undefined) return `expected a URL such as ${EXAMPLE}`;
  const { login, hosts, path, query } = parts;
  const [master = '', db = '', ...more] = path;
  const wrongHost = hostsFault(hosts, 'sentinel');
  if (wrongHost !== undefined) return wrongHost;
  if (master === '') return 'expected what the sentinels call the primary behind their addresses, such as /mymaster';
  // What a sentinel itself takes for a name.
  if (!/^[\w.-]+$/.test(master)) return "the name of the primary may hold letters, digits, '.', '-' and '_'";
  if (!/^\d*$/.test(db) || more.length > 0)
    return 'expected nothing but a database number after the name of the primary';
  if (!QUERY.test(query))
    return 'expected nothing but sentinelUsername=… and sentinelPassword=… after the ?, with %XX for all but letters, digits and -._~';
  try {
    decodeURIComponent(query);
  } catch {
    return "after the ? there is a '%' that is not part of an escape; write %25";
  }
  return redisUrlFault(`redis://${login}host`);
}

/** The parts of a valid URL of this kind, decoded. */
export function readSentinelUrl(url: string): SentinelPlace {
  const { tls, login, hosts, path, query } = splitHostsUrl(url) as HostsUrl;
  const [master = '', db = ''] = path;
  const { username, password } = readRedisUrl(`redis://${login}host`);
  const ofQuery = new Map(query.split('&').map((pair) => pair.split('=') as [string, string]));
  const decoded = (name: string) => decodeURIComponent(ofQuery.get(name) ?? '') || undefined;
  return {
    ...{ sentinels: readHosts(hosts, 26_379), master, username, password, db: Number(db), tls },
    sentinelUsername: decoded('sentinelUsername'),
    sentinelPassword: decoded('sentinelPassword'),
  };
}
