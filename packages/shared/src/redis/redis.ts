import { Redis, type RedisOptions } from 'ioredis';
import { ConfigInvalid } from '../job/errors.js';
import { ClusterConnector, type ClusterDeps, type NodeAnswer, readSlots } from './cluster-connector.js';
import { type ClusterPlace, hashTagFault } from './cluster-url.js';
import type { HostPort } from './hosts-url.js';
import { readRedisAddress, redisAddressFault, withoutCredentials } from './redis-address.js';
import { isClusterDown, isOfCluster, isReadonly, reasonOf, refusesForNow, refusesUs } from './redis-faults.js';
import { wayTo, wayToNodes } from './redis-options.js';
import { sentinelFault } from './sentinel-fault.js';

/** An open connection. */
export type { Redis } from 'ioredis';

/**
 * Where Redis is, or one of these with TLS options beside it:
 * - `redis://user:password@host:6379/0`, `rediss://…` with TLS
 * - `redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0`, `rediss+sentinel://…` with
 *   TLS to all of them: whichever server the sentinels call the primary `mymaster`. User
 *   and password are those of Redis; the sentinels' own follow as
 *   `?sentinelUsername=…&sentinelPassword=…`
 * - `redis+cluster://user:password@host1:6379,host2:6379`, `rediss+cluster://…` with TLS: whichever
 *   node of a Redis Cluster has the keys of the prefix, which has a part in braces: `{bullpen}`
 */
export type RedisAddress =
  | string
  | {
      readonly url: string;
      /**
       * For TLS: certificate authority, client certificate and key, server name … as for Node's
       * `tls.connect`.
       */
      readonly tls?: NonNullable<RedisOptions['tls']>;
    };

/**
 * Who opens the connection decides how it meets an outage.
 * - `producer`: has a caller who waits, so it fails fast. The client neither queues commands nor
 *   sends them again; the producer does that itself, within its deadline.
 * - `worker`: has nobody but on-call, so it lives for ever: unlimited retries at most 2 s apart,
 *   unanswered commands are sent again.
 */
export type RedisRole = 'producer' | 'worker';

const RETRY_AT_MOST_MS = { producer: 500, worker: 2_000 } as const;

/**
 * A connection that leaves a command unanswered for so long is taken for dead: frozen, partitioned,
 * half open. Longer than any blocking read of ours.
 */
const UNANSWERED_MS = 5_000;

/**
 * A replica that was a primary until a moment ago answers READONLY to every command; we connect
 * again, to the new primary, at most this often.
 */
const RECONNECT_EVERY_MS = 1_000;

/**
 * Opens a connection (in the background; it is usable at once in role `worker`). The caller closes
 * it. An `error` listener that does nothing is attached, because a missing one ends the process;
 * attach your own to hear of faults.
 * @param prefix the first part of every key that is asked for; a cluster keeps them where it wants
 *   to
 * @throws ConfigInvalid when the URL is wrong, or the prefix for a cluster
 */
export function openRedis(address: RedisAddress, role: RedisRole, name: string, prefix = ''): Redis {
  const { url, tls } = typeof address === 'string' ? { url: address, tls: undefined } : address;
  const fault = redisAddressFault(url);
  if (fault !== undefined) throw new ConfigInvalid('invalid Redis address', [{ path: 'redis', reason: fault }]);

  const place = readRedisAddress(url);
  const mostMs = RETRY_AT_MOST_MS[role];
  const retryStrategy = (times: number): number => Math.min(50 * 2 ** Math.min(times - 1, 10), mostMs);
  const way =
    place.by === 'cluster' ? byCluster(place.cluster, tls, prefix, retryStrategy) : wayTo(place, tls, retryStrategy);
  const redis = new Redis({
    ...way,
    connectionName: name,
    keepAlive: 10_000,
    // 0: what a lost connection leaves unanswered is rejected at once; null: it waits for the next
    // connection.
    maxRetriesPerRequest: role === 'producer' ? 0 : null,
    retryStrategy,
    socketTimeout: UNANSWERED_MS,
    reconnectOnError: reconnectOnMove(place.by === 'cluster'),
    ...(role === 'producer' ? { enableOfflineQueue: false, autoResendUnfulfilledCommands: false } : {}),
  });
  // Each call that waits for the connection listens to it.
  redis.setMaxListeners(Number.POSITIVE_INFINITY);
  let served = false;
  if (place.by === 'sentinel') tellWhatSentinelsSay(redis, place.sentinel.master);
  if (place.by !== 'server') {
    // Who is refused by those who are to say where Redis is gives up from the start, as with Redis
    // itself.
    redis.on('error', (error: Error) => {
      if (!served && refusesUs(error)) redis.disconnect();
    });
  }
  redis.on('ready', () => {
    served = true;
  });
  redis.on('error', (error: Error & { readonly command?: { readonly name?: string } }) => {
    const refusesDatabase = error.command?.name?.toLowerCase() === 'select';
    forgetCommand(error);
    // The client would go on with database 0, and with somebody else's jobs. Who had the database
    // before will have it again; who never had it is told.
    if (refusesDatabase) redis.disconnect(served || refusesForNow(error));
  });
  return redis;
}

/**
 * The client says that no sentinel could be reached, whatever they said. Here they are heard. To be
 * called before others listen: they read what is written into the error here.
 */
function tellWhatSentinelsSay(redis: Redis, master: string): void {
  let said: string | undefined;
  redis.on('sentinelError', (error: Error) => {
    said = sentinelFault(error.message, master);
  });
  redis.on('error', (error: Error) => {
    if (said !== undefined && error.message.startsWith('All sentinels are unreachable')) error.message = said;
  });
}

/** @throws ConfigInvalid when a cluster would scatter the keys of the prefix */
function byCluster(
  cluster: ClusterPlace,
  tls: RedisOptions['tls'],
  prefix: string,
  retryAfterMs: (round: number) => number,
) {
  const scattered = hashTagFault(prefix);
  if (scattered !== undefined) throw new ConfigInvalid('invalid prefix', [{ path: 'prefix', reason: scattered }]);
  const toNodes = wayToNodes(cluster, tls);
  const parts: ClusterDeps = {
    ...{ nodes: cluster.nodes, tls: toNodes.tls, retryAfterMs },
    ask: (node) => askNode(new Redis({ ...toNodes, ...node, ...ASKING }), prefix, node),
  };
  class Connector extends ClusterConnector {
    constructor() {
      super(parts);
    }
  }
  // The client wants a class of its own kind, and uses no more of it than what is there.
  return { ...toNodes, Connector: Connector as unknown as NonNullable<RedisOptions['Connector']> };
}

/** One question, and no second attempt at it. */
const ASKING = { lazyConnect: true, retryStrategy: null, enableReadyCheck: false, commandTimeout: 1_500 } as const;

async function askNode(redis: Redis, prefix: string, node: HostPort): Promise<NodeAnswer> {
  let heard: Error | undefined;
  redis.on('error', (error: Error) => {
    heard = error;
  });
  try {
    const [slot, slots] = await Promise.all([redis.cluster('KEYSLOT', prefix), redis.cluster('SLOTS')]);
    return readSlots(slot, slots, node);
  } catch (error) {
    throw new Error(`${reasonOf(heard ?? error)} (node ${node.host}:${node.port})`);
  } finally {
    redis.disconnect();
  }
}

/**
 * Whether an error means that the primary is elsewhere by now; and what it means to who reads it.
 */
function reconnectOnMove(byCluster: boolean): (error: Error) => boolean {
  let reconnectedAt = -RECONNECT_EVERY_MS;
  return (error) => {
    const isElsewhere = isOfCluster(error);
    if (isElsewhere) {
      error.message = byCluster
        ? `TRYAGAIN ${error.message}`
        : `${error.message}; this is a node of a Redis Cluster: give its address as redis+cluster://host:port, and a prefix such as {bullpen}`;
    }
    const isMoved = isReadonly(error) || (byCluster && (isElsewhere || isClusterDown(error)));
    if (!isMoved || performance.now() - reconnectedAt < RECONNECT_EVERY_MS) return false;
    reconnectedAt = performance.now();
    return true;
  };
}

/**
 * Takes the command off an error of the client: its arguments are passwords and payloads, and
 * errors are logged.
 */
export function forgetCommand(error: unknown): void {
  if (typeof error === 'object' && error !== null) Reflect.deleteProperty(error, 'command');
}

/** A valid address without user and password, for logs and messages. */
export function showRedis(address: RedisAddress): string {
  return withoutCredentials(typeof address === 'string' ? address : address.url);
}
