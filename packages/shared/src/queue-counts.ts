import type { Redis } from './redis.js';

/** How many jobs a queue holds, by state. */
export interface QueueCounts {
  readonly queue: string;
  readonly paused: boolean;
  readonly waiting: number;
  readonly prioritized: number;
  readonly delayed: number;
  readonly active: number;
  readonly completed: number;
  readonly failed: number;
}

const LISTS = ['wait', 'active'] as const;
const SETS = ['prioritized', 'delayed', 'completed', 'failed'] as const;

/** Counts one queue's jobs by state, in one trip. */
export async function countQueue(redis: Redis, prefix: string, queue: string): Promise<QueueCounts> {
  const base = `${prefix}:${queue}`;
  const pipeline = redis.pipeline();
  for (const list of LISTS) pipeline.llen(`${base}:${list}`);
  for (const set of SETS) pipeline.zcard(`${base}:${set}`);
  pipeline.hexists(`${base}:meta`, 'paused');
  const replies = (await pipeline.exec()) ?? [];
  const [waiting, active, prioritized, delayed, completed, failed, paused] = replies.map(([error, reply]) => {
    if (error !== null) throw error;
    return reply as number;
  }) as [number, number, number, number, number, number, number];
  return { queue, paused: paused === 1, waiting, prioritized, delayed, active, completed, failed };
}

/** How many jobs of a queue are still to be settled. */
export function countOutstanding({ waiting, prioritized, delayed, active }: QueueCounts): number {
  return waiting + prioritized + delayed + active;
}

/** Finds every queue under the prefix and counts it. Looks through the key space: for people, not for a loop. */
export async function countQueues(redis: Redis, prefix: string): Promise<QueueCounts[]> {
  const names = new Set<string>();
  const pattern = `${prefix.replace(/[[\]*?\\]/g, '\\$&')}:*:meta`;
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', 1_000);
    cursor = next;
    for (const key of keys) {
      const name = key.slice(prefix.length + 1, -':meta'.length);
      if (!name.includes(':')) names.add(name);
    }
  } while (cursor !== '0');
  return Promise.all([...names].sort().map((name) => countQueue(redis, prefix, name)));
}
