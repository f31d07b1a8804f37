import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findRedisProgram } from '@bullpen/dev-redis';
import { openRedis, type Redis } from '@bullpen/shared/internal';
import { RedisServer, type ServerSetting, serverBehind } from './redis-server.js';
import { until } from './until.js';
import type { World } from './world.js';

const REDIS_PASSWORD = 'of-redis';
const SENTINEL_PASSWORD = 'of/the&sentinels';
const MASTER = 'jobs';
const COUNT = 3;

/**
 * A primary, two replicas, and three sentinels that watch them, each with a password, all on
 * loopback.
 */
export class WatchedRedis {
  readonly #servers: readonly RedisServer[];
  readonly #sentinels: readonly RedisServer[];
  readonly #world: World;

  private constructor(world: World, servers: readonly RedisServer[], sentinels: readonly RedisServer[]) {
    this.#world = world;
    this.#servers = servers;
    this.#sentinels = sentinels;
  }

  static async start(world: World): Promise<WatchedRedis> {
    const program = await findRedisProgram();
    const start = async (setting: ServerSetting): Promise<RedisServer> => {
      const server = await RedisServer.start(program, world.folder, setting);
      world.onClose(() => server.kill());
      return server;
    };
    const login = ['--requirepass', REDIS_PASSWORD, '--masterauth', REDIS_PASSWORD];
    const quick = ['--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'];
    const primary = await start({ name: 'redis-0', args: [...login, ...quick] });
    const following = ['--replicaof', `127.0.0.1 ${primary.port}`];
    const replicas = await Promise.all(
      Array.from({ length: COUNT - 1 }, (_, at) =>
        start({ name: `redis-${at + 1}`, args: [...login, ...quick, ...following] }),
      ),
    );
    // Sentinels look for replicas once when they start, and then every 10 s.
    const admin = openAt(primary);
    await until('the replicas to follow', async () => /connected_slaves:2/.test(await admin.info('replication')));
    await admin.wait(COUNT - 1, 0).finally(() => admin.disconnect());

    const sentinels = await Promise.all(
      Array.from({ length: COUNT }, async (_, at) => {
        const sentinelFile = join(world.folder, `sentinel-${at}.conf`);
        await writeFile(sentinelFile, sentinelSettings(primary.port));
        return start({ name: `sentinel-${at}`, sentinelFile });
      }),
    );
    const watched = new WatchedRedis(world, [primary, ...replicas], sentinels);
    await watched.#untilWatched();
    return watched;
  }

  /** The address, as a user writes it. */
  get url(): string {
    return this.urlWith({});
  }

  urlWith({ master = MASTER, redisPassword = REDIS_PASSWORD, sentinelPassword = SENTINEL_PASSWORD }): string {
    const hosts = this.#sentinels.map(({ port }) => `127.0.0.1:${port}`).join();
    const query = `sentinelPassword=${encodeURIComponent(sentinelPassword)}`;
    return `redis+sentinel://:${redisPassword}@${hosts}/${master}/0?${query}`;
  }

  all() {
    return [...this.#servers, ...this.#sentinels];
  }
  /** A connection to the current primary. */
  open(): Redis {
    const redis = openRedis(this.url, 'worker', 'test:watched');
    this.#world.onClose(async () => redis.disconnect());
    return redis;
  }

  /** Waits until every sentinel knows two sound replicas and two other sentinels. */
  async #untilWatched(): Promise<void> {
    for (const sentinel of this.#sentinels) {
      await this.#ask(sentinel, `sentinel ${sentinel.port} to know the others`, async (redis) => {
        const [master] = factsOf([await redis.call('SENTINEL', 'MASTER', MASTER)]);
        const replicas = factsOf((await redis.call('SENTINEL', 'REPLICAS', MASTER)) as unknown[]);
        const sound = replicas.filter((each) => each['flags'] === 'slave' && each['master-link-status'] === 'ok');
        return master?.['num-other-sentinels'] === '2' && sound.length === COUNT - 1;
      });
    }
  }

  /** SIGKILL to the current primary. */
  async killPrimary(): Promise<void> {
    const redis = this.open();
    const primary = await serverBehind(redis, this.#servers).finally(() => redis.disconnect());
    await primary.kill();
  }

  /**
   * Makes the sentinels promote another server while the primary lives, as in an upgrade. Waits
   * until the old primary knows: until then it accepts writes that it will forget, and Redis
   * promises no more.
   */
  async moveOn(): Promise<void> {
    const before = await this.failOver();
    const old = this.#servers.find(({ port }) => before.endsWith(`,${port}`)) as RedisServer;
    const redis = openAt(old);
    const knows = async (): Promise<boolean> => String(await redis.call('ROLE')).startsWith('slave');
    await until('who was the primary to know', knows).finally(() => redis.disconnect());
  }

  /** Makes the sentinels promote another server, whether or not the primary lives. Names the old one. */
  async failOver(): Promise<string> {
    const [sentinel] = this.#sentinels as [RedisServer];
    const primary = (redis: Redis) => redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER).then(String);
    let before = '';
    await this.#ask(sentinel, 'a failover to begin', async (redis) => {
      before = await primary(redis);
      // Sentinel refuses while it knows no replica that is fit.
      return (await redis.call('SENTINEL', 'FAILOVER', MASTER).catch(() => undefined)) === 'OK';
    });
    await this.#ask(sentinel, 'the failover to be over', async (redis) => (await primary(redis)) !== before);
    return before;
  }

  /** How many failovers there were: each gives the primary a higher epoch. */
  async failovers(): Promise<number> {
    const redis = openAt(this.#sentinels[0] as RedisServer, SENTINEL_PASSWORD);
    const [master] = factsOf([await redis.call('SENTINEL', 'MASTER', MASTER).finally(() => redis.disconnect())]);
    return Number(master?.['config-epoch']);
  }

  async #ask(sentinel: RedisServer, what: string, fact: (redis: Redis) => Promise<boolean>): Promise<void> {
    const redis = openAt(sentinel, SENTINEL_PASSWORD);
    await until(what, () => fact(redis)).finally(() => redis.disconnect());
  }
}

function openAt(server: RedisServer, password = REDIS_PASSWORD): Redis {
  return openRedis(server.urlWith(password), 'worker', 'test:server');
}

function sentinelSettings(primaryPort: number): string {
  return [
    `requirepass "${SENTINEL_PASSWORD}"`,
    `sentinel sentinel-pass "${SENTINEL_PASSWORD}"`,
    `sentinel monitor ${MASTER} 127.0.0.1 ${primaryPort} 2`,
    `sentinel auth-pass ${MASTER} ${REDIS_PASSWORD}`,
    // Sentinels begin no failover by themselves: on a busy machine they would take a server that
    // answers late for dead, and promote a replica that does not have what was accepted since.
    `sentinel down-after-milliseconds ${MASTER} 60000`,
    `sentinel failover-timeout ${MASTER} 4000`,
    `sentinel parallel-syncs ${MASTER} 2`,
    '',
  ].join('\n');
}

/** Records of a Sentinel answer, in which names and values alternate. */
function factsOf(told: readonly unknown[]): Record<string, string>[] {
  return told.map((each) => {
    if (!Array.isArray(each)) return each as Record<string, string>;
    const names = each.filter((_, at) => at % 2 === 0);
    return Object.fromEntries(names.map((name, at) => [name, each[2 * at + 1]]));
  });
}
