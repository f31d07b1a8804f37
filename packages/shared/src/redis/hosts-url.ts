import { readRedisUrl } from './redis-url.js';

/** The address of a server. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** The parts of a URL that names several hosts. */
export interface HostsUrl {
  readonly tls: boolean;
  /** User and password with the `@` behind them; or empty. */
  readonly login: string;
  readonly hosts: readonly string[];
  /** The path behind the hosts, split at each `/`. */
  readonly path: readonly string[];
  readonly query: string;
}

/**
 * `redis+kind://login@host1:1,host2:2/path?query`. Parsed by hand, because Node's URL parser does
 * not accept a list of hosts. As in that parser, the hosts begin after the last `@`.
 */
const FORM = /^redis(s?)\+[a-z]+:\/\/([^/?#\s]*@)?([^@/?#\s]*)(?:\/([^?#\s]*))?(?:\?([^#\s]*))?$/i;

/** Whether a URL begins with `redis+kind:` or `rediss+kind:`. */
export function isOfKind(kind: 'sentinel' | 'cluster', url: string): boolean {
  return new RegExp(`^rediss?\\+${kind}:`, 'i').test(url);
}

/** Splits such a URL into its parts; `undefined` when it has another form. */
export function splitHostsUrl(url: string): HostsUrl | undefined {
  const found = FORM.exec(url);
  if (found === null) return undefined;
  const [, s = '', login = '', hosts = '', path = '', query = ''] = found;
  return { tls: s !== '', login, hosts: hosts.split(','), path: path === '' ? [] : path.split('/'), query };
}

/**
 * Says which host is wrong, or returns `undefined`. Does not repeat the host: it may be a password.
 */
export function hostsFault(hosts: readonly string[], what: string): string | undefined {
  const at = hosts.findIndex(
    (text) => !/^(?:\[[\dA-Fa-f:.]+\]|[\w.-]+)(?::\d+)?$/.test(text) || !URL.canParse(`redis://${text}`),
  );
  return at === -1 ? undefined : `${what} ${at + 1} of ${hosts.length} is not a host, or a host:port`;
}

/** Reads hosts in which {@link hostsFault} finds no fault. */
export function readHosts(hosts: readonly string[], defaultPort: number): HostPort[] {
  return hosts.map((text) => {
    const { host, port } = readRedisUrl(`redis://${text}`);
    // `readRedisUrl` fills in Redis' own port where the text names none.
    return { host, port: /:\d+$/.test(text) ? port : defaultPort };
  });
}
