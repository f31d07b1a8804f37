import { readRedisUrl, redisUrlFault } from './redis-url.js';

/** Where Sentinel watches over Redis. */
export interface SentinelPlace {
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
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
const DEFAULT_PORT = 26_379;
const QUERY = /^(?:(?:sentinelUsername|sentinelPassword)=(?:[\w.~-]|%[\dA-Fa-f]{2})*(?:&(?!$)|$))*$/;

/** Whether a URL means Redis behind Sentinel. */
export function isSentinelUrl(url: string): boolean {
  return /^rediss?\+sentinel:/i.test(url);
}

/** What is wrong with such a URL, or `undefined`. Never repeats a part of it: passwords end up in odd places. */
export function sentinelUrlFault(url: string): string | undefined {
  const parts = split(url);
  if (parts === undefined) return `expected a URL such as ${EXAMPLE}`;
  const { login, hosts, master, db, query } = parts;
  for (const [at, host] of hosts.entries()) {
    if (!isHost(host)) return `sentinel ${at + 1} of ${hosts.length} is not a host, or a host:port`;
  }
  if (master === '') return 'expected what the sentinels call the primary behind their addresses, such as /mymaster';
  // What a sentinel itself takes for a name.
  if (!/^[\w.-]+$/.test(master)) return "the name of the primary may hold letters, digits, '.', '-' and '_'";
  if (!/^\d*$/.test(db)) return 'expected nothing but a database number after the name of the primary';
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
  const { tls, login, hosts, master, db, query } = split(url) as Parts;
  const { username, password } = readRedisUrl(`redis://${login}host`);
  const ofQuery = new Map(query.split('&').map((pair) => pair.split('=') as [string, string]));
  const decoded = (name: string) => decodeURIComponent(ofQuery.get(name) ?? '') || undefined;
  return {
    sentinels: hosts.map((text) => {
      const { host, port } = readRedisUrl(`redis://${text}`);
      // A URL reads no port as Redis' own.
      return { host, port: /:\d+$/.test(text) ? port : DEFAULT_PORT };
    }),
    ...{ master, username, password, db: Number(db), tls },
    sentinelUsername: decoded('sentinelUsername'),
    sentinelPassword: decoded('sentinelPassword'),
  };
}

/** A valid URL of this kind without users and passwords. */
export function withoutSentinelCredentials(url: string): string {
  const { tls, hosts, master, db } = split(url) as Parts;
  return `redis${tls ? 's' : ''}+sentinel://${hosts.join(',')}/${master}${db === '' ? '' : `/${db}`}`;
}

interface Parts {
  readonly tls: boolean;
  /** With its `@`, or empty. */
  readonly login: string;
  readonly hosts: readonly string[];
  readonly master: string;
  readonly db: string;
  readonly query: string;
}

/** By hand: a list of hosts is no host to a URL's parser. As there, what is before the last `@` is no host. */
function split(url: string): Parts | undefined {
  const found =
    /^redis(s?)\+sentinel:\/\/([^/?#\s]*@)?([^@/?#\s]*)(?:\/([^/?#\s]*))?(?:\/([^?#\s]*))?(?:\?([^#\s]*))?$/i.exec(url);
  if (found === null) return undefined;
  const [, s = '', login = '', hosts = '', master = '', db = '', query = ''] = found;
  return { tls: s !== '', login, hosts: hosts.split(','), master, db, query };
}

function isHost(text: string): boolean {
  return /^(?:\[[\dA-Fa-f:.]+\]|[\w.-]+)(?::\d+)?$/.test(text) && URL.canParse(`redis://${text}`);
}
