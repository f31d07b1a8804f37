import { setTimeout as sleep } from 'node:timers/promises';
import { batchesKey, batchKeys, countQueue, META, type Redis } from '@bullpen/shared/internal';
import type { Stored } from './facts.js';
import { BATCH, PREFIX, QUEUE, rowsOf } from './job.js';

const BASE = `${PREFIX}:${QUEUE}:`;
const { books, fates, failures } = batchKeys(PREFIX, QUEUE, BATCH);

/**
 * Has the queue tell all events, and keep every one: BullMQ would delete all but the last ten
 * thousand. Call it before the first job.
 */
export async function keepAllEvents(redis: Redis): Promise<void> {
  await redis.hset(`${BASE}meta`, 'opts.maxLenEvents', 1_000_000_000, META.events, 'all');
}

/**
 * Reads everything that Redis holds of a queue and its batch. Where the books are kept only for a
 * short time, it waits until they should be gone.
 */
export async function readStored(redis: Redis, rows: number, keepMs: number | undefined): Promise<Stored> {
  const stored = {
    books: await redis.hgetall(books),
    fates: fatesOf(await redis.getBuffer(fates), rows),
    failures: await redis.hlen(failures),
    ...(await jobEvents(redis)),
    addedJobs: Number(await redis.get(`${BASE}id`)),
    counts: await countQueue(redis, PREFIX, QUEUE),
    keys: await allKeys(redis),
  };
  if (keepMs === undefined) return { ...stored, keysLater: undefined };
  const lefts = await Promise.all([books, batchesKey(PREFIX, QUEUE)].map((key) => redis.pttl(key)));
  // Not longer than the books are kept: this finds a key that would stay for ever.
  await sleep(Math.min(keepMs, Math.max(0, ...lefts)) + 1_000);
  return { ...stored, keysLater: await allKeys(redis) };
}

/** Two bits per row, the first row in the highest. */
function fatesOf(bits: Buffer | null, rows: number): number[] {
  return Array.from({ length: rows }, (_, at) => ((bits?.[at >> 2] ?? 0) >> (6 - 2 * (at & 3))) & 3);
}

const PAGE = 10_000;

/** The jobs that the queue's events name. */
async function jobEvents(redis: Redis): Promise<Pick<Stored, 'addedIds' | 'splitAt'>> {
  const known = new Set<string>();
  const [addedIds, splitAt]: [string[], Map<number, number>] = [[], new Map()];
  for (let from = '-'; ; ) {
    const page = await redis.xrange(`${BASE}events`, from, '+', 'COUNT', PAGE);
    for (const [eventId, [, event, , id = '']] of page) {
      // No event names the jobs of a batch when they are added, but each of them becomes active. A
      // job that was delayed before it was active has left a shared job.
      if (known.has(id)) continue;
      if (event === 'delayed') noteSplit(splitAt, id, eventId);
      else if (event === 'active') addedIds.push(id);
      if (event === 'delayed' || event === 'active') known.add(id);
    }
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return { addedIds, splitAt };
    from = `(${last[0]}`;
  }
}

function noteSplit(splitAt: Map<number, number>, id: string, eventId: string): void {
  const row = rowsOf(id)?.first;
  if (row !== undefined && !splitAt.has(row)) splitAt.set(row, Number(eventId.split('-')[0]));
}

async function allKeys(redis: Redis): Promise<string[]> {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${BASE}*`, 'COUNT', PAGE);
    cursor = next;
    for (const key of keys) found.add(key.slice(BASE.length));
  } while (cursor !== '0');
  return [...found].sort();
}
