import { startDevRedis } from '@bullpen/dev-redis';
import { openRedis } from '@bullpen/shared/internal';
import { deliverWebhook } from '../jobs.js';
import { printNote } from './show.js';

/** A Redis for one run, and what a witness may ask of it. */
export interface DemoRedis {
  readonly url: string;
  /** The ids of the jobs that workers hold now, dead workers among them. */
  activeJobIds(): Promise<ReadonlySet<string>>;
  /** Ends it, or leaves yours as it was. */
  stop(): Promise<void>;
}

/**
 * Starts a private Redis. With `REDIS_URL` set it is that one, and only keys under `prefix` are
 * touched.
 */
export async function startDemoRedis(prefix: string): Promise<DemoRedis> {
  const server = await startDevRedis({ onNote: printNote });
  // Role `worker`: it waits for Redis instead of failing.
  const redis = openRedis(server.url, 'worker', 'bullpen:demo');
  return {
    url: server.url,
    async activeJobIds() {
      return new Set(await redis.lrange(`${prefix}:${deliverWebhook.queue}:active`, 0, -1));
    },
    async stop() {
      if (server.way === 'url') {
        const keys = redis.scanStream({ match: `${prefix}:*`, count: 1_000 }) as AsyncIterable<string[]>;
        for await (const some of keys) if (some.length > 0) await redis.unlink(...some);
      }
      redis.disconnect();
      await server.stop();
    },
  };
}
