import { Redis, type RedisOptions } from 'ioredis';
import { ConfigInvalid } from './errors.js';
import { readRedisAddress, redisAddressFault, withoutCredentials } from './redis-address.js';
import { isReadonly, refusesForNow, refusesUs } from './redis-faults.js';
import { wayTo } from './redis-way.js';
import { sentinelFault } from './sentinel-fault.js';

/** An open connection. */
export type { Redis } from 'ioredis';

/**
 * Where Redis is, or one of these with TLS options beside it:
 * - `redis://user:password@host:6379/0`, `rediss://…` with TLS
 * - `redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0`, `rediss+sentinel://…` with TLS to all of them: whichever server the sentinels call the primary `mymaster`. User
 *   and password are those of Redis; the sentinels' own follow as `?sentinelUsername=…&sentinelPassword=…`
 */
export type RedisAddress =
  | string
  | {
      readonly url: string;
      /** For TLS: certificate authority, client certificate and key, server name … as for Node's `tls.connect`. */
      readonly tls?: NonNullable<RedisOptions['tls']>;
    };

/**
 * Who opens the connection decides how it meets an outage.
 * - `producer`: has a caller who waits, so it fails fast. The client neither queues commands nor sends them again; the producer does that itself, within its deadline.
 * - `worker`: has nobody but on-call, so it lives for ever: unlimited retries at most 2 s apart, unanswered commands are sent again.
 */
export type RedisRole = 'producer' | 'worker';

const RETRY_AT_MOST_MS = { producer: 500, worker: 2_000 } as const;

/** A connection that leaves a command unanswered for so long is taken for dead: frozen, partitioned, half open. Longer than any blocking read of ours. */
const UNANSWERED_MS = 5_000;

/** A replica that was a primary until a moment ago answers READONLY to every command; we connect again, to the new primary, at most this often. */
const RECONNECT_EVERY_MS = 1_000;

/**
 * Opens a connection (in the background; it is usable at once in role `worker`). The caller closes it.
 * An `error` listener that does nothing is attached, because a missing one ends the process; attach your own to hear of faults.
 * @throws ConfigInvalid when the URL is wrong
 */
export function openRedis(address: RedisAddress, role: RedisRole, name: string): Redis {
  const { url, tls } = typeof address === 'string' ? { url: address, tls: undefined } : address;
  const fault = redisAddressFault(url);
  if (fault !== undefined) throw new ConfigInvalid('invalid Redis address', [{ path: 'redis', reason: fault }]);

  const place = readRedisAddress(url);
  const mostMs = RETRY_AT_MOST_MS[role];
  const retryStrategy = (times: number): number => Math.min(50 * 2 ** Math.min(times - 1, 10), mostMs);
  const redis = new Redis({
    ...wayTo(place, tls, retryStrategy),
    connectionName: name,
    keepAlive: 10_000,
    // 0: what a lost connection leaves unanswered is rejected at once; null: it waits for the next connection.
    maxRetriesPerRequest: role === 'producer' ? 0 : null,
    retryStrategy,
    socketTimeout: UNANSWERED_MS,
    reconnectOnError: reconnectOnReadonly(),
    ...(role === 'producer' ? { enableOfflineQueue: false, autoResendUnfulfilledCommands: false } : {}),
  });
  // Each call that waits for the connection listens to it.
  redis.setMaxListeners(Number.POSITIVE_INFINITY);
  let served = false;
  if (place.by === 'sentinel') tellWhatSentinelsSay(redis, place.sentinel.master, () => served);
  redis.on('ready', () => {
    served = true;
  });
  redis.on('error', (error: Error & { readonly command?: { readonly name?: string } }) => {
    const refusesDatabase = error.command?.name?.toLowerCase() === 'select';
    forgetCommand(error);
    // The client would go on with database 0, and with somebody else's jobs. Who had the database before will have it again; who never had it is told.
    if (refusesDatabase) redis.disconnect(served || refusesForNow(error));
  });
  return redis;
}

/**
 * The client says that no sentinel could be reached, whatever they said. Here they are heard, and who is refused by them from the start gives up, as with Redis itself.
 * To be called before others listen: they read what is written into the error here.
 */
function tellWhatSentinelsSay(redis: Redis, master: string, hasServed: () => boolean): void {
  let said: string | undefined;
  redis.on('sentinelError', (error: Error) => {
    said = sentinelFault(error.message, master);
  });
  redis.on('error', (error: Error) => {
    if (said === undefined || !error.message.startsWith('All sentinels are unreachable')) return;
    error.message = said;
    if (refusesUs(error) && !hasServed()) redis.disconnect();
  });
}

function reconnectOnReadonly(): (error: Error) => boolean {
  let reconnectedAt = -RECONNECT_EVERY_MS;
  return (error) => {
    if (!isReadonly(error) || performance.now() - reconnectedAt < RECONNECT_EVERY_MS) return false;
    reconnectedAt = performance.now();
    return true;
  };
}

/** Takes the command off an error of the client: its arguments are passwords and payloads, and errors are logged. */
export function forgetCommand(error: unknown): void {
  if (typeof error === 'object' && error !== null) Reflect.deleteProperty(error, 'command');
}

/** A valid address without user and password, for logs and messages. */
export function showRedis(address: RedisAddress): string {
  return withoutCredentials(typeof address === 'string' ? address : address.url);
}
