import { startDevRedis } from '@bullpen/dev-redis';
import { Redis } from 'ioredis';
import { deliverWebhook, orderEvent } from '../jobs.js';
import { printNote } from './show.js';

/** The Redis of one run, and the one question that the demo asks it. */
export interface DemoRedis {
  readonly url: string;
  /** The events of the jobs that workers hold now, also workers that died. */
  activeEventIds(): Promise<ReadonlySet<string>>;
  /** Stops Redis. When it is yours, removes only the keys of this run. */
  stop(): Promise<void>;
}

/** Starts a private Redis, or uses the one in `REDIS_URL` and touches only keys under `prefix`. */
export async function startDemoRedis(prefix: string): Promise<DemoRedis> {
  const server = await startDevRedis({ onNote: printNote });
  // `null`: commands wait for Redis instead of failing.
  const redis = new Redis(server.url, { connectionName: 'bullpen:demo', maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  const queue = `${prefix}:${deliverWebhook.queue}`;
  return {
    url: server.url,
    async activeEventIds() {
      const jobIds = await redis.lrange(`${queue}:active`, 0, -1);
      const payloads = await Promise.all(jobIds.map((id) => redis.hget(`${queue}:${id}`, 'data')));
      // A job that ended between these two questions is gone, and no worker holds it.
      const active = payloads.filter((payload) => payload !== null);
      return new Set(active.map((payload) => orderEvent.parse(JSON.parse(payload)).event_id));
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
