import type { ClusterPlace } from './cluster-url.js';
import type { readRedisUrl } from './redis-url.js';
import type { SentinelPlace } from './sentinel-url.js';

/**
 * How long a sentinel, or a node of a cluster, has to answer before the next one is asked. A
 * producer's caller waits for all of them together.
 */
const ANSWER_MS = 1_500;

/** The client's options for one server: where it is, as whom to log in, and TLS. */
export function serverOptions<Tls extends object>(server: ReturnType<typeof readRedisUrl>, tls: Tls | undefined) {
  const { host, port, servername } = server;
  const isSecure = server.tls || tls !== undefined;
  return {
    ...{ host, port, ...loginOf(server), connectTimeout: 5_000 },
    ...(isSecure ? { tls: { ...(servername === undefined ? {} : { servername }), ...tls } } : {}),
  };
}

/** The client's options for the primary that sentinels name. */
export function sentinelOptions<Tls extends object>(
  sentinel: SentinelPlace,
  tls: Tls | undefined,
  sentinelRetryStrategy: (times: number) => number,
) {
  const { sentinels, master, sentinelUsername, sentinelPassword } = sentinel;
  const isSecure = sentinel.tls || tls !== undefined;
  return {
    sentinels: [...sentinels],
    ...{ name: master, ...loginOf(sentinel), sentinelRetryStrategy },
    ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...{ connectTimeout: ANSWER_MS, sentinelCommandTimeout: ANSWER_MS },
    ...(isSecure ? { tls: { ...tls }, sentinelTLS: { ...tls }, enableTLSForSentinelMode: true } : {}),
  };
}

/** The client's options for any node of a cluster. The connector finds out which node to use. */
export function nodeOptions<Tls extends object>(cluster: ClusterPlace, tls: Tls | undefined) {
  const isSecure = cluster.tls || tls !== undefined;
  return {
    ...loginOf({ ...cluster, db: 0 }),
    ...{ connectTimeout: ANSWER_MS, ...(isSecure ? { tls: { ...tls } } : {}) },
  };
}

function loginOf({ username, password, db }: Pick<SentinelPlace, 'username' | 'password' | 'db'>) {
  return { db, ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}
