import type { Redis } from '@bullpen/shared/internal';
import type { Queue } from 'bullmq';

/** Fields of jobs and schedulers that differ by nature. */
const VARYING = ['pb', 'processedOn', 'finishedOn', 'timestamp', 'opts', 'offset'];

/**
 * All keys of the queue but the batch's books. What differs by nature is made equal: instants, names
 * of workers, tokens, and the prefix.
 */
export async function snapshot(
  { prefix, queue }: { readonly prefix: string; readonly queue: Pick<Queue, 'name'> },
  redis: Redis,
): Promise<Record<string, unknown>> {
  const base = `${prefix}:${queue.name}:`;
  const found: Record<string, unknown> = {};
  for (const key of (await redis.keys(`${base}*`)).sort()) {
    const name = key.slice(base.length);
    if (!/^batch|^stalled-check$/.test(name)) found[name] = await read(redis, key);
  }
  const text = JSON.stringify(found).replaceAll(prefix, 'prefix');
  return JSON.parse(text.replaceAll(/\b1[789]\d{11}\b/g, 'instant')) as Record<string, unknown>;
}

async function read(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'hash': {
      const hash: Record<string, string> = await redis.hgetall(key);
      const varying = VARYING.filter((field) => hash[field] !== undefined);
      return { ...hash, ...Object.fromEntries(varying.map((field) => [field, 'set'])) };
    }
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'zset':
      return redis.zrange(key, '0', '-1');
    case 'set':
      return (await redis.smembers(key)).sort();
    case 'stream':
      return (await redis.xrange(key, '-', '+')).map(([, fields]) =>
        fields.map((field, at) => (fields[at - 1] === 'delay' ? 'time' : field)).join(' '),
      );
    default:
      // Tokens differ; a lock must only expire.
      return key.endsWith(':lock') ? (await redis.pttl(key)) > 0 : redis.get(key);
  }
}
