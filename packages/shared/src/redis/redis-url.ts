import { isIP } from 'node:net';

/**
 * How to log in. Without `://` before it, because that is where passwords are hidden in messages.
 */
export const LOGIN_ADVICE = '; to log in, with <user>:<password>@ before the host, special characters as %-escapes';

/**
 * Says what is wrong with the URL of a Redis server, or returns `undefined`. Never repeats the URL:
 * it may hold a password.
 */
export function redisUrlFault(url: string): string | undefined {
  if (!URL.canParse(url)) return `expected a URL such as redis://host:6379/0${LOGIN_ADVICE}`;
  const { protocol, hostname, pathname, search, hash, username, password } = new URL(url);
  if (protocol !== 'redis:' && protocol !== 'rediss:')
    return `expected redis://, rediss:// (TLS), redis+sentinel:// or redis+cluster://, got ${protocol}//`;
  if (hostname === '') return 'the URL names no host';
  if (!/^\/?\d*$/.test(pathname)) return 'expected nothing but a database number after the host';
  // Other clients read options there, such as a database. And a password may be cut off there.
  if (search !== '' || hash !== '') return "expected no '?' and no '#'; in a password write them as %3F and %23";
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

// Up to the last '@' before the path, as a URL parser reads it: a password may contain '@' and '.
// A double quote ends it, so that JSON stays JSON.
const CREDENTIALS = /:\/\/[^\s/"]*@/g;

// Only valid characters: a double quote and a backslash end it, so that JSON stays JSON.
const SENTINEL_CREDENTIALS = /([?&]sentinel(?:Username|Password)=)[^\s"&\\]*/g;

/** Replaces users and passwords in every URL of a text by `***`. */
export function redactUrls(text: string): string {
  return text.replace(CREDENTIALS, '://***@').replace(SENTINEL_CREDENTIALS, '$1***');
}
