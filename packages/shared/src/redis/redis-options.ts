import type { ClusterPlace } from './cluster-url.js';
import type { RedisPlace } from './redis-address.js';
import type { readRedisUrl } from './redis-url.js';
import type { SentinelPlace } from './sentinel-url.js';

/**
 * A sentinel, or a node of a cluster, that has not answered by then is passed over for the next: a
 * producer's caller waits for all of it.
 */
const ANSWERS_MS = 1_500;

/**
 * The client's options that say how one server is found, or a primary by its sentinels: where, as
 * whom, and with TLS or without.
 */
export function wayTo<Tls extends object>(
  place: Exclude<RedisPlace, { by: 'cluster' }>,
  tls: Tls | undefined,
  retryStrategy: (times: number) => number,
) {
  return place.by === 'server' ? toServer(place.server, tls) : bySentinel(place.sentinel, tls, retryStrategy);
}

/**
 * The client's options for any node of a cluster; which of them is for the connector to find out.
 */
export function wayToNodes<Tls extends object>(cluster: ClusterPlace, tls: Tls | undefined) {
  const secure = cluster.tls || tls !== undefined;
  return {
    ...loginOf({ ...cluster, db: 0 }),
    ...{ connectTimeout: ANSWERS_MS, ...(secure ? { tls: { ...tls } } : {}) },
  };
}

function toServer<Tls extends object>(server: ReturnType<typeof readRedisUrl>, tls: Tls | undefined) {
  const { host, port, servername } = server;
  const secure = server.tls || tls !== undefined;
  return {
    ...{ host, port, ...loginOf(server), connectTimeout: 5_000 },
    ...(secure ? { tls: { ...(servername === undefined ? {} : { servername }), ...tls } } : {}),
  };
}

function bySentinel<Tls extends object>(
  sentinel: SentinelPlace,
  tls: Tls | undefined,
  sentinelRetryStrategy: (times: number) => number,
) {
  const { sentinels, master, sentinelUsername, sentinelPassword } = sentinel;
  const secure = sentinel.tls || tls !== undefined;
  return {
    sentinels: [...sentinels],
    ...{ name: master, ...loginOf(sentinel), sentinelRetryStrategy },
    ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...{ connectTimeout: ANSWERS_MS, sentinelCommandTimeout: ANSWERS_MS },
    ...(secure ? { tls: { ...tls }, sentinelTLS: { ...tls }, enableTLSForSentinelMode: true } : {}),
  };
}

function loginOf({ username, password, db }: Pick<SentinelPlace, 'username' | 'password' | 'db'>) {
  return { db, ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}
