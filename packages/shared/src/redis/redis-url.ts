import { isIP } from 'node:net';

/**
 * How to log in. Without `://` before it, because that is where passwords are hidden in messages.
 */
export const LOGIN_ADVICE = '; to log in, with <user>:<password>@ before the host, special characters as %-escapes';

/** All between the scheme and the last `@`, without a login of sentinels behind it. */
const BEFORE_HOST = /^[a-z+]+:\/\/((?:(?![?&]sentinel(?:Username|Password)=).)*)@/is;

/**
 * Says which character of the user or the password has to be written as an escape, or returns
 * `undefined`. A parser ends user and password there, and takes the rest for something else.
 */
export function escapeFault(url: string): string | undefined {
  const sign = /[/?#]/.exec(BEFORE_HOST.exec(url)?.[1] ?? '')?.[0];
  if (sign === undefined) return undefined;
  return `a '${sign}' stands before the last '@'; in a user or a password write ${encodeURIComponent(sign)} for it`;
}

/** What other clients read behind the `?`, and what to write instead. */
const PARAMETERS: readonly (readonly [name: RegExp, advice: string])[] = [
  [/^(db|database)$/i, 'the database goes behind the /, as in redis://host:6379/3'],
  [/^(r?ssl|tls)/i, 'write rediss:// for TLS'],
  [/^(user|pass|auth)/i, 'write user and password before the host, as <user>:<password>@'],
];

/** Says what is wrong with what stands behind the `?`. Does not repeat it. */
export function parameterFault(query: string): string {
  const names = query.split('&').map((pair) => pair.split('=')[0] ?? '');
  const advice = PARAMETERS.find(([known]) => names.some((name) => known.test(name)))?.[1];
  return `expected nothing behind a '?'; ${advice ?? 'in a password write %3F for it'}`;
}

/**
 * Says what is wrong with the URL of a Redis server, or returns `undefined`. Never repeats the URL:
 * it may hold a password.
 */
export function redisUrlFault(url: string): string | undefined {
  if (!URL.canParse(url)) return `expected a URL such as redis://host:6379/0${LOGIN_ADVICE}`;
  const { protocol, hostname, pathname, search, hash, username, password } = new URL(url);
  // What stands before the colon is not repeated: without a scheme it may be a password.
  if (protocol !== 'redis:' && protocol !== 'rediss:')
    return `expected redis://, rediss:// (TLS), redis+sentinel:// or redis+cluster:// at the beginning${LOGIN_ADVICE}`;
  if (hostname === '') return 'the URL names no host';
  if (search !== '') return parameterFault(search.slice(1));
  if (hash !== '') return "expected nothing behind a '#'; in a password write %23 for it";
  if (!/^\/?\d*$/.test(pathname)) return 'expected nothing but a database number after the host';
  try {
    decodeURIComponent(`${username} ${password}`);
  } catch {
    return "the user or the password holds a '%' that is not part of an escape; write %25";
  }
  return undefined;
}

/** Reads the valid URL of a Redis server; user and password are decoded. */
export function readRedisUrl(url: string): {
  host: string;
  port: number;
  username: string | undefined;
  password: string | undefined;
  db: number;
  tls: boolean;
  /**
   * The host's name in a TLS handshake. `undefined` for an IP address: Node 26 throws when it gets
   * one here.
   */
  servername: string | undefined;
} {
  const { hostname, port, username, password, pathname, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const tls = protocol === 'rediss:';
  return {
    host,
    port: port === '' ? 6379 : Number(port),
    username: username === '' ? undefined : decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
    db: Number(pathname.slice(1) || 0),
    tls,
    servername: tls && isIP(host) === 0 ? host : undefined,
  };
}
