import { META, queueKeys } from './keys.js';
import type { Redis } from './redis.js';

/** How many jobs a queue holds, by state. */
export interface QueueCounts {
  /** The name of the queue. */
  readonly queue: string;
  /** Whether somebody paused it, so that no job starts. */
  readonly paused: boolean;
  /** Jobs without a priority that wait for a worker. */
  readonly waiting: number;
  /** Jobs with a priority that wait for a worker. */
  readonly prioritized: number;
  /** Jobs that are not due yet: enqueued with a delay, snoozed, or waiting for another attempt. */
  readonly delayed: number;
  /** Jobs that workers have fetched. */
  readonly active: number;
  /** Completed jobs that are still kept. */
  readonly completed: number;
  /** Jobs that wait for the jobs of their flow below them. */
  readonly waitingChildren: number;
  /** Jobs in the failed set. */
  readonly failed: number;
  /**
   * How many rows of batches have failed for good, ever. Their jobs are removed, so they are not in
   * the failed set. A row that is retried and fails again counts twice.
   */
  readonly failedRows: number;
  /** How many jobs a cancellation has taken off the queue, ever. */
  readonly cancelled: number;
  /**
   * How many failed jobs were removed, ever, because there were more than `keepFailed` of the
   * worker allows, or they were older.
   */
  readonly failedTrimmed: number;
}

const LISTS = ['wait', 'active'] as const;
const SETS = ['prioritized', 'delayed', 'completed', 'failed', 'waitingChildren'] as const;

/** Counts one queue's jobs by state, in one trip. */
export async function countQueue(redis: Redis, prefix: string, queue: string): Promise<QueueCounts> {
  const keys = queueKeys(prefix, queue);
  const pipeline = redis.pipeline();
  for (const list of LISTS) pipeline.llen(keys[list]);
  for (const set of SETS) pipeline.zcard(keys[set]);
  pipeline.hmget(keys.meta, 'paused', META.failedRows, META.cancelled, META.failedTrimmed);
  const replies = ((await pipeline.exec()) ?? []).map(([error, reply]) => {
    if (error !== null) throw error;
    return reply;
  });
  const [waiting, active, prioritized, delayed, completed, failed, waitingChildren] = replies as number[] as [
    ...[number, number, number, number, number, number, number],
  ];
  const [paused, failedRows, cancelled, failedTrimmed] = replies[7] as (string | null)[];
  return {
    ...{ queue, paused: (paused ?? null) !== null, waiting, prioritized, delayed, active, completed, failed },
    ...{ waitingChildren, failedRows: Number(failedRows ?? 0) },
    ...{ cancelled: Number(cancelled ?? 0), failedTrimmed: Number(failedTrimmed ?? 0) },
  };
}

/** How many jobs of a queue are not settled yet. */
export function countOutstanding({ waiting, prioritized, delayed, active }: QueueCounts): number {
  return waiting + prioritized + delayed + active;
}

/**
 * Finds every queue under the prefix and counts its jobs. It scans the key space, so call it for a
 * person who waits, not in a loop.
 */
export async function countQueues(redis: Redis, prefix: string): Promise<QueueCounts[]> {
  const names = await findQueues(prefix, 'meta', (cursor, pattern) =>
    redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT),
  );
  return Promise.all(names.map((name) => countQueue(redis, prefix, name)));
}

/** How many keys one call of SCAN looks at: about a millisecond of Redis' time. */
export const SCAN_COUNT = 5_000;

/**
 * Finds the queues under the prefix that have a key of this name (no pattern). Scans the key space.
 * @param scan makes one call of SCAN; in a big key space each call needs its own time limit
 * @returns the names of the queues, sorted
 */
export async function findQueues(
  prefix: string,
  key: string,
  scan: (cursor: string, pattern: string) => Promise<[cursor: string, keys: string[]]>,
): Promise<string[]> {
  const names = new Set<string>();
  const pattern = `${prefix.replace(/[[\]*?\\]/g, '\\$&')}:*:${key}`;
  let cursor = '0';
  do {
    const [next, keys] = await scan(cursor, pattern);
    cursor = next;
    for (const found of keys) {
      const name = found.slice(prefix.length + 1, -(key.length + 1));
      if (!name.includes(':')) names.add(name);
    }
  } while (cursor !== '0');
  return [...names].sort();
}
