import { describe, expect, it } from 'vitest';
import { countOutstanding, countQueue, countQueues } from './queue-counts.js';
import type { Redis } from './redis.js';

/**
 * A fake Redis with the given sizes of lists, sets and hash fields. It knows the few commands that
 * counting needs, and scans in pages of two keys.
 */
function redisWith(sizes: Record<string, number>): Redis {
  const keys = Object.keys(sizes);
  const matcher = (pattern: string) =>
    new RegExp(`^${pattern.replace(/[.+^${}()|]/g, '\\$&').replace(/(?<!\\)\*/g, '.*')}$`);
  const fake = {
    pipeline() {
      const replies: [null, unknown][] = [];
      const answer = (key: string) => void replies.push([null, sizes[key] ?? 0]);
      return {
        llen: answer,
        zcard: answer,
        hmget: (key: string, ...fields: string[]) =>
          void replies.push([null, fields.map((field) => sizes[`${key}.${field}`]?.toString() ?? null)]),
        exec: async () => replies,
      };
    },
    async scan(cursor: string, _match: string, pattern: string) {
      const from = Number(cursor);
      const page = keys.slice(from, from + 2).filter((key) => matcher(pattern).test(key));
      return [from + 2 < keys.length ? String(from + 2) : '0', page];
    },
  };
  return fake as unknown as Redis;
}

describe('countQueue', () => {
  it('counts the jobs of each state, and says whether the queue is paused and what it has counted', async () => {
    const redis = redisWith({
      ...{ 'p:mail:wait': 1, 'p:mail:active': 2, 'p:mail:prioritized': 3, 'p:mail:delayed': 4 },
      ...{ 'p:mail:completed': 5, 'p:mail:failed': 6, 'p:mail:meta.paused': 1, 'p:other:wait': 9 },
      ...{ 'p:mail:meta.bullpen.cancelled': 7, 'p:mail:meta.bullpen.failedTrimmed': 8 },
      ...{ 'p:mail:waiting-children': 9, 'p:mail:meta.bullpen.failedRows': 10 },
    });
    const counts = await countQueue(redis, 'p', 'mail');
    expect(counts).toEqual({
      ...{ queue: 'mail', paused: true, waiting: 1, active: 2, prioritized: 3, delayed: 4, completed: 5, failed: 6 },
      ...{ cancelled: 7, failedTrimmed: 8, waitingChildren: 9, failedRows: 10 },
    });
    expect(countOutstanding(counts)).toBe(10);
  });
});

describe('countQueues', () => {
  it('finds every queue under the prefix, in order, over several pages', async () => {
    const redis = redisWith({ 'p:b:meta': 1, 'p:a:meta': 1, 'p:a:wait': 3, 'q:c:meta': 1, 'p:d.e:meta': 1 });
    expect((await countQueues(redis, 'p')).map(({ queue, waiting }) => [queue, waiting])).toEqual([
      ...[['a', 3]],
      ...[['b', 0]],
      ...[['d.e', 0]],
    ]);
  });

  it('ignores a key with more parts: a batch may be called meta', async () => {
    const redis = redisWith({ 'p:a:meta': 1, 'p:a:batch:meta': 1 });
    expect((await countQueues(redis, 'p')).map(({ queue }) => queue)).toEqual(['a']);
  });
});
