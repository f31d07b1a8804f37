import { readRedisUrl } from './redis-url.js';

/** An address of a server. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** A URL of several hosts, in its parts. */
export interface HostsUrl {
  readonly tls: boolean;
  /** With its `@`, or empty. */
  readonly login: string;
  readonly hosts: readonly string[];
  /** What follows the hosts, split at each `/`. */
  readonly path: readonly string[];
  readonly query: string;
}

/**
 * `redis+kind://login@host1:1,host2:2/path?query`, by hand: a list of hosts is no host to a URL's
 * parser. As there, what is before the last `@` is no host.
 */
const FORM = /^redis(s?)\+[a-z]+:\/\/([^/?#\s]*@)?([^@/?#\s]*)(?:\/([^?#\s]*))?(?:\?([^#\s]*))?$/i;

/** Whether a URL is `redis+kind:` or `rediss+kind:`. */
export function isOfKind(kind: 'sentinel' | 'cluster', url: string): boolean {
  return new RegExp(`^rediss?\\+${kind}:`, 'i').test(url);
}

/** Takes such a URL apart; `undefined` when it has another form. */
export function splitHostsUrl(url: string): HostsUrl | undefined {
  const found = FORM.exec(url);
  if (found === null) return undefined;
  const [, s = '', login = '', hosts = '', path = '', query = ''] = found;
  return { tls: s !== '', login, hosts: hosts.split(','), path: path === '' ? [] : path.split('/'), query };
}

/** What is wrong with one of the hosts, or `undefined`. Does not repeat it. */
export function hostsFault(hosts: readonly string[], what: string): string | undefined {
  const at = hosts.findIndex(
    (text) => !/^(?:\[[\dA-Fa-f:.]+\]|[\w.-]+)(?::\d+)?$/.test(text) || !URL.canParse(`redis://${text}`),
  );
  return at === -1 ? undefined : `${what} ${at + 1} of ${hosts.length} is not a host, or a host:port`;
}

/** Reads hosts that are in order. */
export function readHosts(hosts: readonly string[], defaultPort: number): HostPort[] {
  return hosts.map((text) => {
    const { host, port } = readRedisUrl(`redis://${text}`);
    // A URL reads no port as Redis' own.
    return { host, port: /:\d+$/.test(text) ? port : defaultPort };
  });
}
