import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDevRedis } from '@bullpen/dev-redis';
import { openRedis } from '@bullpen/shared/internal';

/**
 * Where contenders meet: one private Redis, emptied for each of them, and a folder for files of
 * rows.
 */
export interface Arena {
  readonly url: string;
  /** `redis-server 7.0.15`, say. */
  readonly redis: string;
  readonly folder: string;
  /**
   * Makes Redis as good as new: no key, and no append-only file that grows from one contender to
   * the next.
   */
  clear(): Promise<void>;
  /**
   * Waits until what was put in is on the disk: that Redis still writes is no part of what is
   * measured next.
   */
  settle(): Promise<void>;
  /** Bytes of memory that Redis uses. */
  usedMemory(): Promise<number>;
  /** Ends Redis and removes everything. */
  close(): Promise<void>;
}

/** Opens an arena. Never on the Redis that `REDIS_URL` names: it would be emptied. */
export async function openArena(): Promise<Arena> {
  const redis = await startDevRedis({ order: ['path', 'docker', 'apt'] });
  const admin = openRedis(redis.url, 'worker', 'bench:admin');
  const folder = await mkdtemp(join(tmpdir(), 'bullpen-bench-'));
  const read = async (section: string, field: string): Promise<number> =>
    Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(await admin.info(section))?.[1]);

  // Redis rewrites that file in a second process when it has grown: in whose turn it does would be
  // chance. We have it done between turns.
  await admin.config('SET', 'auto-aof-rewrite-percentage', '0');
  return {
    url: redis.url,
    redis: redis.description.split(' from ')[0] ?? redis.description,
    folder,
    async clear() {
      await admin.flushall('SYNC');
      await admin.bgrewriteaof();
      while ((await read('persistence', 'aof_rewrite_in_progress')) > 0) await sleep(20);
    },
    async settle() {
      // It asks the disk to write once a second.
      await sleep(1_200);
      while ((await read('persistence', 'aof_pending_bio_fsync')) > 0) await sleep(20);
    },
    usedMemory: async () => (await read('memory', 'used_memory')) - (await read('memory', 'mem_aof_buffer')),
    async close() {
      admin.disconnect();
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
