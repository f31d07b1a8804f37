import type { Redis as Client, RedisOptions } from 'ioredis';
import type { Fault } from '../job/errors/bullpen-error.js';
import { ConfigInvalid } from '../job/errors/call-errors.js';
import { isOptions } from '../job/is-options.js';
import { type OptionTable, optionFaults } from '../job/option-faults.js';
import { showValue } from '../job/show-value.js';
import { loadClient } from './client.js';
import { clusterOptions } from './cluster-options.js';
import { isProtectedMode } from './hangup-refusals.js';
import { reconnectOnMove } from './reconnect-on-move.js';
import { type RedisPlace, readRedisAddress, redisAddressFault, withoutCredentials } from './redis-address.js';
import { refusesForNow, refusesUs } from './redis-faults.js';
import { sentinelOptions, serverOptions } from './redis-options.js';
import { type KnowingRedis, rememberServer } from './remember-server.js';
import { reportSentinelFaults } from './sentinel-fault.js';

/** An open connection. */
export type Redis = KnowingRedis;

/**
 * Where Redis is, as a URL:
 * - `redis://user:password@host:6379/0`: one server; `rediss://…` with TLS
 * - `redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0`: the server that the
 *   sentinels call the primary `mymaster`; `rediss+sentinel://…` with TLS to Redis and to the
 *   sentinels. User and password are those of Redis. The sentinels' own follow as
 *   `?sentinelUsername=…&sentinelPassword=…`
 * - `redis+cluster://user:password@host1:6379,host2:6379`: the node of a Redis Cluster that has the
 *   keys of the prefix, which needs a part in braces: `{bullpen}`; `rediss+cluster://…` with TLS
 *
 * Or an object with such a URL and TLS options.
 * @example
 * const redis: RedisAddress = {
 *   url: 'rediss://redis.example.com:6379',
 *   tls: { ca: readFileSync('ca.pem') },
 * };
 */
export type RedisAddress =
  | string
  | {
      /** The URL, as above. */
      readonly url: string;
      /**
       * Certificate authority, client certificate and key, server name and so on, as for Node's
       * `tls.connect`.
       */
      readonly tls?: NonNullable<RedisOptions['tls']> | undefined;
    };

/**
 * The role decides what the connection does in an outage.
 * - `producer`: a caller waits, so the connection fails fast. The client neither queues commands
 *   nor sends them again. The producer does that itself, within its time limit.
 * - `worker`: nobody waits, so the connection retries without a limit, at most 2 s apart, and sends
 *   unanswered commands again.
 */
export type RedisRole = 'producer' | 'worker';

const MAX_RETRY_MS = { producer: 500, worker: 2_000 } as const;

/**
 * A connection that leaves a command unanswered for this long counts as dead: frozen, partitioned
 * or half open. Our blocking reads are all shorter.
 */
const UNANSWERED_MS = 5_000;

/**
 * Opens a connection in the background. In role `worker` it is usable at once. The caller closes
 * it. It has an `error` listener that does nothing, because a missing listener would end the
 * process. Attach your own to hear of faults.
 * @param name the name of the connection, as `CLIENT LIST` shows it
 * @param prefix the first part of every key; a cluster needs it to find the node
 * @throws ConfigInvalid when the URL is wrong, or when the prefix does not fit a cluster
 */
export function openRedis(address: RedisAddress, role: RedisRole, name: string, prefix = ''): Redis {
  const { url, tls } = readParts(address);

  const place = readRedisAddress(url);
  const maxRetryMs = MAX_RETRY_MS[role];
  const retryStrategy = (times: number): number => Math.min(50 * 2 ** Math.min(times - 1, 10), maxRetryMs);
  const placeOptions = () => {
    if (place.by === 'cluster') return clusterOptions(place.cluster, tls, prefix, retryStrategy);
    if (place.by === 'sentinel') return sentinelOptions(place.sentinel, tls, retryStrategy);
    return serverOptions(place.server, tls);
  };
  const redis = new (loadClient().Redis)({
    ...placeOptions(),
    connectionName: name,
    keepAlive: 10_000,
    // 0: a lost connection rejects its unanswered commands at once. null: they wait for the next
    // connection.
    maxRetriesPerRequest: role === 'producer' ? 0 : null,
    retryStrategy,
    socketTimeout: UNANSWERED_MS,
    reconnectOnError: reconnectOnMove(place.by === 'cluster'),
    // Nobody would handle a refusal. Whoever subscribes does it again when the client is ready.
    autoResubscribe: false,
    ...(role === 'producer' ? { enableOfflineQueue: false, autoResendUnfulfilledCommands: false } : {}),
  });
  return prepare(redis, place, false);
}

/**
 * Makes the client one of ours, and each of its duplicates.
 * @param isDuplicate whether Redis has let in another connection with the same address before
 */
function prepare(redis: Client, place: RedisPlace, isDuplicate: boolean): Redis {
  // BullMQ adds listeners for each queue of a worker.
  redis.setMaxListeners(Number.POSITIVE_INFINITY);
  if (place.by === 'sentinel') reportSentinelFaults(redis, place.sentinel.master);
  endWhenRefused(redis, place.by !== 'server', isDuplicate);
  const copy = redis.duplicate.bind(redis);
  const duplicate = (...options: Parameters<typeof copy>) => prepare(copy(...options), place, true);
  return Object.assign(rememberServer(redis), { duplicate });
}

/**
 * Ends a connection that would go on in vain, or in the wrong place.
 * @param isLookedUp whether sentinels or nodes of a cluster are asked where Redis is
 * @param isDuplicate whether another connection was let in, so that this one will be, too
 */
function endWhenRefused(redis: Client, isLookedUp: boolean, isDuplicate: boolean): void {
  let wasReady = isDuplicate;
  redis.on('ready', () => {
    wasReady = true;
  });
  redis.on('error', (error: Error & { readonly command?: { readonly name?: string } }) => {
    // The client itself gives up when Redis refuses it from the start; here the same holds for the
    // servers that it asks where Redis is, and for protected mode, of which it does not know.
    if ((isLookedUp || isProtectedMode(error)) && !wasReady && refusesUs(error)) redis.disconnect();
    const refusesDatabase = error.command?.name?.toLowerCase() === 'select';
    forgetCommand(error);
    // The client would go on with database 0, and with somebody else's jobs. A connection that had
    // the database before will get it again, so it reconnects. One that never had it ends.
    if (refusesDatabase) redis.disconnect(wasReady || refusesForNow(error));
  });
}

/**
 * The URL and the TLS options of an address.
 * @throws ConfigInvalid when it is wrong. Never repeats it: it may hold a password
 */
function readParts(address: unknown): Exclude<RedisAddress, string> {
  const parts = typeof address === 'string' ? { url: address } : (address as Partial<Exclude<RedisAddress, string>>);
  const invalid = (faults: readonly Fault[]) => new ConfigInvalid('invalid Redis address', faults);
  const url: unknown = parts?.url;
  if (typeof url !== 'string') {
    const got = typeof address === 'object' ? 'an object without url' : typeof address;
    throw invalid([{ path: 'redis', reason: `expected a URL such as redis://host:6379/0, got ${got}` }]);
  }
  const faults = optionFaults(parts, ADDRESS_OPTIONS, 'redis', 'redis');
  if (parts.tls !== undefined && !isOptions(parts.tls)) {
    const got = showValue(parts.tls);
    faults.push({ path: 'redis.tls', reason: `expected options of tls.connect, or {} for none, got ${got}` });
  }
  const reason = redisAddressFault(url);
  if (reason !== undefined) faults.push({ path: 'redis', reason });
  if (faults.length > 0) throw invalid(faults);
  return parts as Exclude<RedisAddress, string>;
}

const ADDRESS_OPTIONS: OptionTable<Exclude<RedisAddress, string>> = { url: true, tls: true };

/**
 * Removes the command from an error of the client. Its arguments are passwords and payloads, and
 * errors are logged.
 */
export function forgetCommand(error: unknown): void {
  if (typeof error === 'object' && error !== null) Reflect.deleteProperty(error, 'command');
}

/** The address without user and password, for logs and messages. The address must be valid. */
export function showRedis(address: RedisAddress): string {
  return withoutCredentials(typeof address === 'string' ? address : address.url);
}
