import type { Redis, RedisOptions } from 'ioredis';
import { ConfigInvalid } from '../job/errors/call-errors.js';
import { loadClient } from './client.js';
import { ClusterConnector, type ClusterDeps, type NodeAnswer, readSlots } from './cluster-connector.js';
import { type ClusterPlace, hashTagFault } from './cluster-url.js';
import type { HostPort } from './hosts-url.js';
import { reasonOf } from './redis-faults.js';
import { nodeOptions } from './redis-options.js';

/** A node gets one question, and no second attempt at it. */
const ASK_OPTIONS = { lazyConnect: true, retryStrategy: null, enableReadyCheck: false, commandTimeout: 1_500 } as const;

/**
 * The client's options for the node of a cluster that has the keys of the prefix.
 * @throws ConfigInvalid when the cluster would scatter the keys of the prefix
 */
export function clusterOptions(
  cluster: ClusterPlace,
  tls: RedisOptions['tls'],
  prefix: string,
  retryAfterMs: (round: number) => number,
) {
  const fault = hashTagFault(prefix);
  if (fault !== undefined) throw new ConfigInvalid('cannot use the Redis Cluster', [{ path: 'prefix', reason: fault }]);
  const options = nodeOptions(cluster, tls);
  const deps: ClusterDeps = {
    ...{ nodes: cluster.nodes, tls: options.tls, retryAfterMs },
    ask: (node) => askNode(new (loadClient().Redis)({ ...options, ...node, ...ASK_OPTIONS }), prefix, node),
  };
  class Connector extends ClusterConnector {
    constructor() {
      super(deps);
    }
  }
  // The client asks for a subclass of its own connector, but uses only the methods that ours has.
  return { ...options, Connector: Connector as unknown as NonNullable<RedisOptions['Connector']> };
}

async function askNode(redis: Redis, prefix: string, node: HostPort): Promise<NodeAnswer> {
  let connectionError: Error | undefined;
  redis.on('error', (error: Error) => {
    connectionError = error;
  });
  try {
    const [slot, slots] = await Promise.all([redis.cluster('KEYSLOT', prefix), redis.cluster('SLOTS')]);
    return readSlots(slot, slots, node);
  } catch (error) {
    throw new Error(`${reasonOf(connectionError ?? error)} (node ${node.host}:${node.port})`);
  } finally {
    redis.disconnect();
  }
}
