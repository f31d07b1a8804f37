import { type HostPort, type HostsUrl, hostsFault, readHosts, splitHostsUrl } from './hosts-url.js';
import { LOGIN_ADVICE, readRedisUrl, redisUrlFault } from './redis-url.js';

/** A Redis that sentinels watch over: where they are, and how to log in. */
export interface SentinelPlace {
  readonly sentinels: readonly HostPort[];
  /** The name that the sentinels have for the primary. */
  readonly master: string;
  /** User of Redis; the same for `password` and `db`. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  /** Whether Redis and the sentinels have TLS. */
  readonly tls: boolean;
  /** User of the sentinels, which have users of their own. */
  readonly sentinelUsername: string | undefined;
  readonly sentinelPassword: string | undefined;
}

const EXAMPLE = `redis+sentinel://host1:26379,host2:26379/mymaster/0${LOGIN_ADVICE}`;
const QUERY = /^(?:(?:sentinelUsername|sentinelPassword)=(?:[\w.~-]|%[\dA-Fa-f]{2})*(?:&(?!$)|$))*$/;

/**
 * Says what is wrong with such a URL, or returns `undefined`. Never repeats a part of it: a
 * password may stand anywhere in a wrong URL.
 */
export function sentinelUrlFault(url: string): string | undefined {
  const parts = splitHostsUrl(url);
  if (parts === undefined) return `expected a URL such as ${EXAMPLE}`;
  const { login, hosts, path, query } = parts;
  const [master = '', db = '', ...more] = path;
  const wrongHost = hostsFault(hosts, 'sentinel');
  if (wrongHost !== undefined) return wrongHost;
  if (master === '') return 'expected the name of the primary behind the addresses of the sentinels, such as /mymaster';
  // Sentinel accepts no other names.
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

/** Reads a valid `redis+sentinel:` URL; users and passwords are decoded. */
export function readSentinelUrl(url: string): SentinelPlace {
  const { tls, login, hosts, path, query } = splitHostsUrl(url) as HostsUrl;
  const [master = '', db = ''] = path;
  const { username, password } = readRedisUrl(`redis://${login}host`);
  const parameters = new Map(query.split('&').map((pair) => pair.split('=') as [string, string]));
  const decoded = (name: string) => decodeURIComponent(parameters.get(name) ?? '') || undefined;
  return {
    ...{ sentinels: readHosts(hosts, 26_379), master, username, password, db: Number(db), tls },
    sentinelUsername: decoded('sentinelUsername'),
    sentinelPassword: decoded('sentinelPassword'),
  };
}
