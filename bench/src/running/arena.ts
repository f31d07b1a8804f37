import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDevRedis } from '@bullpen/dev-redis';
import { openRedis } from '@bullpen/shared/internal';

/**
 * The place where contenders run: one private Redis, emptied for each of them, and a folder for
 * files of rows.
 */
export interface Arena {
  readonly url: string;
  /** For example `redis-server 7.0.15`. */
  readonly redis: string;
  readonly folder: string;
  /**
   * Makes Redis as good as new: it has no keys, and its append-only file does not grow from one
   * contender to the next.
   */
  clear(): Promise<void>;
  /**
   * Waits until everything that was put in is on the disk: those writes must not be measured with
   * the next contender.
   */
  settle(): Promise<void>;
  /** How many bytes of memory Redis uses. */
  usedMemory(): Promise<number>;
  /** Ends Redis and removes everything. */
  close(): Promise<void>;
}

/** Opens an arena. It never uses the Redis that `REDIS_URL` names, as it empties it. */
export async function openArena(): Promise<Arena> {
  const redis = await startDevRedis({ order: ['path', 'docker', 'apt'] });
  const admin = openRedis(redis.url, 'worker', 'bench:admin');
  const folder = await mkdtemp(join(tmpdir(), 'bullpen-bench-'));
  const read = async (section: string, field: string): Promise<number> =>
    Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(await admin.info(section))?.[1]);

  // Redis rewrites that file in a second process when it has grown, which would hit some contender
  // by chance. So we make it do so between contenders.
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
      // Under `always` Redis has all of its file on the disk before it answers a write; under
      // `everysec` nobody knows when.
      await admin.config('SET', 'appendfsync', 'always');
      await admin.set('bench:settled', '1');
      await admin.del('bench:settled');
      await admin.config('SET', 'appendfsync', 'everysec');
    },
    usedMemory: async () => (await read('memory', 'used_memory')) - (await read('memory', 'mem_aof_buffer')),
    async close() {
      admin.disconnect();
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
