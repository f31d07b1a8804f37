import type { RedisPlace } from './redis-address.js';
import type { readRedisUrl } from './redis-url.js';
import type { SentinelPlace } from './sentinel-url.js';

/** A sentinel that has not answered by then is passed over for the next: a producer's caller waits for all of it. */
const SENTINEL_ANSWERS_MS = 1_500;

/** The client's options that say how Redis is found: where, as whom, and with TLS or without. */
export function wayTo<Tls extends object>(
  place: RedisPlace,
  tls: Tls | undefined,
  retryStrategy: (times: number) => number,
) {
  return place.by === 'server' ? toServer(place.server, tls) : bySentinel(place.sentinel, tls, retryStrategy);
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
    ...{ connectTimeout: SENTINEL_ANSWERS_MS, sentinelCommandTimeout: SENTINEL_ANSWERS_MS },
    ...(secure ? { tls: { ...tls }, sentinelTLS: { ...tls }, enableTLSForSentinelMode: true } : {}),
  };
}

function loginOf({ username, password, db }: Pick<SentinelPlace, 'username' | 'password' | 'db'>) {
  return { db, ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}
