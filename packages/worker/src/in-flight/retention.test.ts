import type { Logger } from '@bullpen/shared';
import { describe, expect, it, vi } from 'vitest';
import type { ScriptedRedis } from '../redis/commands.js';
import type { KeptJobs } from './kept-jobs.js';
import { Retention } from './retention.js';

const META = 'p:mail:meta';

/** A retention of one queue, on a fake Redis with the meta of the queue. */
function retentionOf(told: Partial<KeptJobs> = {}, stored: Record<string, string> = {}) {
  const warnings: object[] = [];
  const meta = new Map(Object.entries(stored).map(([name, value]) => [`bullpen.${name}`, value]));
  const redis = {
    isAway: false,
    async hmget(key: string, ...fields: string[]) {
      if (redis.isAway) throw new Error('READONLY');
      return fields.map((field) => (key === META ? (meta.get(field) ?? null) : null));
    },
    async bullpenKeep(key: string, replaces: '1' | '', ...fields: (string | number)[]) {
      if (redis.isAway) throw new Error('READONLY');
      for (let at = 0; at < fields.length; at += 2) {
        const field = String(fields[at]);
        if (key === META && (replaces === '1' || !meta.has(field))) meta.set(field, String(fields[at + 1]));
      }
    },
  };
  const log = { warn: (fields: object) => void warnings.push(fields) } as unknown as Logger;
  const deps = { redis: redis as unknown as ScriptedRedis, prefix: 'p', queues: ['mail'], told, log };
  return { retention: new Retention(deps), redis, meta, warnings };
}

describe('Retention', () => {
  it('keeps 10,000 completed jobs for a day and 100,000 failed ones for 30 days, unless somebody says otherwise', async () => {
    const { retention, meta } = retentionOf();
    await retention.load();
    expect(retention.keep('mail', 'completed')).toEqual({ count: 10_000, age: 86_400 });
    expect(retention.keep('mail', 'failed')).toEqual({ count: 100_000, age: 2_592_000 });
    expect([...meta]).toEqual([]);
  });

  it('writes what it was told, and takes the rest from the queue', async () => {
    const { retention, meta, warnings } = retentionOf({ keepFailed: 5 }, { keepFailedFor: '1500', keepCompleted: '7' });
    await retention.load();
    expect(meta.get('bullpen.keepFailed')).toBe('5');
    expect(retention.keep('mail', 'failed')).toEqual({ count: 5, age: 2 });
    expect(retention.keep('mail', 'completed')).toEqual({ count: 7, age: 86_400 });
    expect(warnings).toEqual([]);
  });

  it('ignores values that make no sense: anybody may have written them', async () => {
    for (const keepFailed of ['0', '-1', 'all', '1.5', '', '9'.repeat(30)]) {
      const { retention } = retentionOf({}, { keepFailed });
      await retention.load();
      expect(retention.keep('mail', 'failed').count).toBe(100_000);
    }
  });

  it('says that it was told something else than the workers before it, and counts for all', async () => {
    const { retention, warnings } = retentionOf({ keepCompletedFor: 3_600_000 }, { keepCompletedFor: '86400000' });
    await retention.load();
    expect(warnings).toEqual([{ queue: 'mail', setting: 'keepCompletedFor', was: '1d', is: '1h' }]);
    expect(retention.keep('mail', 'completed').age).toBe(3_600);
  });

  it('follows a worker that started later, and says so once if it was told something else', async () => {
    const { retention, meta, redis, warnings } = retentionOf({ keepFailed: 5 });
    await retention.load();
    meta.set('bullpen.keepFailed', '9');
    meta.set('bullpen.keepCompleted', '3');
    redis.isAway = true;
    await retention.refresh('mail');
    expect(retention.keep('mail', 'failed').count).toBe(5);
    redis.isAway = false;
    for (let time = 0; time < 3; time += 1) await retention.refresh('mail');
    expect(retention.keep('mail', 'failed').count).toBe(9);
    expect(retention.keep('mail', 'completed').count).toBe(3);
    expect(warnings).toEqual([{ queue: 'mail', setting: 'keepFailed', was: 5, is: 9 }]);
  });

  it('writes what counts for all again when another client has removed the meta', async () => {
    const { retention, meta, warnings } = retentionOf({ keepFailed: 5 }, { keepCompleted: '7' });
    await retention.load();
    meta.set('bullpen.keepFailed', '9');
    await retention.refresh('mail');
    meta.clear();
    await retention.refresh('mail');
    // Only what it was told: the rest is written by a worker that was told that.
    expect([...meta]).toEqual([['bullpen.keepFailed', '9']]);
    expect(retention.keep('mail', 'completed').count).toBe(7);
    expect(warnings).toHaveLength(1);
  });

  it('reports failed jobs that were removed at once, and then at most every ten minutes', () => {
    const now = vi.spyOn(performance, 'now');
    const { retention, warnings } = retentionOf({ keepFailed: 5 });
    const removed = (minutes: number, count: number): void => {
      now.mockReturnValue(minutes * 60_000);
      retention.failedRemoved('mail', count);
    };
    for (const minutes of [1, 2, 10.9, 11, 12]) removed(minutes, 2);
    now.mockRestore();
    const reported = { queue: 'mail', keepFailed: 5, keepFailedFor: '30d' };
    expect(warnings).toEqual([
      { ...reported, removed: 2 },
      { ...reported, removed: 6 },
    ]);
  });
});
