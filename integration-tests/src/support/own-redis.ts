import { findRedisProgram } from '@bullpen/dev-redis';
import { openRedis } from '@bullpen/shared/internal';
import { Queue } from 'bullmq';
import { RedisServer } from './redis-server.js';
import type { World } from './world.js';

/**
 * A Redis with AOF that belongs to one test, which may kill it, freeze it, fill it or make it a
 * replica.
 */
export class OwnRedis {
  readonly server: RedisServer;
  readonly admin: ReturnType<typeof openRedis>;
  readonly #world: World;

  private constructor(server: RedisServer, world: World) {
    this.server = server;
    this.#world = world;
    this.admin = openRedis(server.url, 'worker', 'test:admin');
  }

  static async start(world: World): Promise<OwnRedis> {
    const server = await RedisServer.start(await findRedisProgram(), world.folder);
    world.onClose(() => server.kill());
    const own = new OwnRedis(server, world);
    world.onClose(async () => own.admin.disconnect());
    return own;
  }

  /** Flags that direct a command to this Redis. Of two equal flags the last one counts. */
  get flags(): string[] {
    return ['--redis', this.server.url];
  }

  queue(name: string): Queue {
    const queue = new Queue(name, { connection: this.admin, prefix: this.#world.prefix });
    queue.on('error', () => undefined);
    this.#world.onClose(() => queue.close());
    return queue;
  }
}
