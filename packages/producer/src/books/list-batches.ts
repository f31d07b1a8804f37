import { batchesKey, findQueues, queueKeys, SCAN_COUNT } from '@bullpen/shared/internal';
import type { RedisAccess } from '../enqueue/redis-access.js';
import { type BatchBooks, readBooks, recordOf } from './books.js';

const PAGE_NAMES = 100;

/**
 * Reads one page of a queue's index of batches. It writes nothing, so a replica and a Redis that
 * cannot save answer it, too. Names whose books are gone leave the index when a batch is written.
 *
 * KEYS: the index. ARGV: base of the queue's keys, how many names to pass over, how many to read.
 * Answers how many names were read; then the name and the books of each that has books.
 */
export const LIST_SCRIPT = `
local names = redis.call('ZRANGE', KEYS[1], ARGV[2], ARGV[2] + ARGV[3] - 1)
local page = { #names }
for _, name in ipairs(names) do
  local books = redis.call('HGETALL', ARGV[1] .. 'batch:' .. name)
  if #books > 0 then
    page[#page + 1] = name
    page[#page + 1] = books
  end
end
return page
`;

/** Finds the queues that have a key of this name. Each SCAN has its own time limit. */
export function findQueuesWith(key: string, { prefix, ask }: RedisAccess): Promise<string[]> {
  return findQueues(prefix, key, (cursor, pattern) =>
    ask((redis) => redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT)),
  );
}

/**
 * Lists the books of every batch on one queue, or on all queues of the prefix. The newest first.
 */
export async function listBatches(queue: string | undefined, access: RedisAccess): Promise<BatchBooks[]> {
  const queues = queue === undefined ? await findQueuesWith('batches', access) : [queue];
  const all: BatchBooks[] = [];
  for (const name of queues) all.push(...(await listQueue(name, access)));
  return all.sort((a, b) => b.createdAt - a.createdAt || (a.name < b.name ? -1 : 1));
}

async function listQueue(queue: string, { prefix, ask }: RedisAccess): Promise<BatchBooks[]> {
  const found: BatchBooks[] = [];
  for (let from = 0; ; from += PAGE_NAMES) {
    const [read, ...entries] = await ask((redis) =>
      redis.bullpenListBatches(batchesKey(prefix, queue), queueKeys(prefix, queue).base, from, PAGE_NAMES),
    );
    for (let at = 0; at < entries.length; at += 2) {
      const books = readBooks(queue, entries[at] as string, recordOf(entries[at + 1] as string[]));
      if (books !== undefined) found.push(books);
    }
    if (read < PAGE_NAMES) return found;
  }
}
