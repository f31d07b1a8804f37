import { findRedisProgram } from '@bullpen/dev-redis';
import { openRedis, type Redis } from '@bullpen/shared/internal';
import { freePort, RedisServer, serverBehind } from './redis-server.js';
import { until } from './until.js';
import type { World } from './world.js';

const PASSWORD = 'of-the-cluster';
const PRIMARIES = 3;
const SLOTS = 16_384;

/**
 * A Redis Cluster on loopback: three primaries, and one replica of the primary that has our keys.
 */
export class ClusteredRedis {
  readonly #nodes: readonly RedisServer[];
  readonly #world: World;
  /** A part of it stands in braces: Redis keeps keys with the same such part together. */
  readonly prefix: string;

  private constructor(world: World, nodes: readonly RedisServer[]) {
    this.#world = world;
    this.#nodes = nodes;
    this.prefix = `{${world.prefix}}`;
  }

  static async start(world: World): Promise<ClusteredRedis> {
    const program = await findRedisProgram();
    const settings = ['--cluster-node-timeout', '1000', '--repl-diskless-sync-delay', '0'];
    const login = ['--requirepass', PASSWORD, '--masterauth', PASSWORD];
    const buses: number[] = [];
    const nodes = await Promise.all(
      Array.from({ length: PRIMARIES + 1 }, async (_, at) => {
        // The port on which nodes talk to each other. Redis' own choice could be a port that the
        // system gives to outgoing connections.
        const bus = await freePort();
        buses[at] = bus;
        const args = ['--cluster-enabled', 'yes', '--cluster-port', String(bus), ...settings, ...login];
        const node = await RedisServer.start(program, world.folder, { name: `node-${at}`, args });
        world.onClose(() => node.kill());
        return node;
      }),
    );
    const cluster = new ClusteredRedis(world, nodes);
    await cluster.#join(buses);
    return cluster;
  }

  /** The address, as a user writes it: two nodes, of which at least one has none of our keys. */
  get url(): string {
    const hosts = this.#nodes.slice(0, 2).map(({ port }) => `127.0.0.1:${port}`);
    return `redis+cluster://:${PASSWORD}@${hosts.join()}`;
  }

  /** The address of one node, as if it were a single server. */
  urlOf(node = this.#nodes[0] as RedisServer): string {
    return node.urlWith(PASSWORD);
  }

  /** A connection to the node that has our keys. */
  open(): Redis {
    const redis = openRedis(this.url, 'worker', 'test:cluster', this.prefix);
    this.#world.onClose(async () => redis.disconnect());
    return redis;
  }

  /** SIGKILL to the node that has our keys. */
  async killOwner(): Promise<void> {
    await (await this.#owner()).kill();
  }

  /**
   * Moves our keys to another node, one hundred at a time, as an operator does who removes a node.
   */
  async moveKeys(): Promise<void> {
    const owner = await this.#owner();
    const nodes = this.#nodes.filter(({ pid }) => pid !== undefined);
    const admins = new Map(nodes.map((node) => [node, openRedis(this.urlOf(node), 'worker', 'test:node')]));
    const source = admins.get(owner) as Redis;
    const [[target, to]] = [...admins].filter(([node]) => node !== owner) as [[RedisServer, Redis]];
    try {
      const slot = await source.call('CLUSTER', 'KEYSLOT', this.prefix).then(Number);
      const [from, into] = [await source.call('CLUSTER', 'MYID'), await to.call('CLUSTER', 'MYID')].map(String);
      await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from as string);
      await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', into as string);
      for (;;) {
        const keys = (await source.call('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
        if (keys.length === 0) break;
        const where = ['127.0.0.1', target.port, '', 0, 5_000, 'AUTH', PASSWORD] as const;
        await source.call('MIGRATE', ...where, 'KEYS', ...keys);
      }
      for (const redis of [to, ...admins.values()])
        await redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', into as string);
    } finally {
      for (const redis of admins.values()) redis.disconnect();
    }
  }

  async #owner(): Promise<RedisServer> {
    const redis = this.open();
    return serverBehind(redis, this.#nodes).finally(() => redis.disconnect());
  }

  async #join(buses: readonly number[]): Promise<void> {
    const admins = this.#nodes.map((node) => openRedis(this.urlOf(node), 'worker', 'test:node'));
    const primaries = admins.slice(0, PRIMARIES);
    try {
      const bounds = (at: number): number => Math.floor((at * SLOTS) / PRIMARIES);
      await Promise.all(
        primaries.map((redis, at) => redis.call('CLUSTER', 'ADDSLOTSRANGE', bounds(at), bounds(at + 1) - 1)),
      );
      await Promise.all(
        this.#nodes.map(({ port }, at) => admins[0]?.call('CLUSTER', 'MEET', '127.0.0.1', port, buses[at] ?? 0)),
      );
      const says = async (redis: Redis, text: string) => String(await redis.call('CLUSTER', 'INFO')).includes(text);
      for (const redis of admins) {
        await until('the nodes to know each other', () => says(redis, `cluster_known_nodes:${this.#nodes.length}`));
        await until('the cluster to be up', () => says(redis, 'cluster_state:ok'));
      }
      const [slot = 0] = [Number(await admins[0]?.call('CLUSTER', 'KEYSLOT', this.prefix))];
      const owner = primaries.find((_, at) => slot < bounds(at + 1)) as Redis;
      const replica = admins[PRIMARIES] as Redis;
      await replica.call('CLUSTER', 'REPLICATE', String(await owner.call('CLUSTER', 'MYID')));
      await until('the replica to follow', async () => /master_link_status:up/.test(await replica.info('replication')));
      for (const redis of admins) {
        await until('all to know the replica', async () => /slave/.test(String(await redis.call('CLUSTER', 'NODES'))));
      }
    } finally {
      for (const redis of admins) redis.disconnect();
    }
  }
}
