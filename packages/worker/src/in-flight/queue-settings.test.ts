import type { Logger } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import type { ScriptedRedis } from '../redis/commands.js';
import { QueueSettings, type SharedSettings } from './queue-settings.js';

const META = 'p:mail:meta';

/** The settings of one queue, on a fake Redis with the meta of the queue. */
function settingsOf(told: Partial<SharedSettings> = {}, stored: Record<string, string> = {}) {
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
  const deps = { redis: redis as unknown as ScriptedRedis, prefix: 'p', queues: ['mail'], told: () => told, log };
  return { settings: new QueueSettings(deps), redis, meta, warnings };
}

describe('QueueSettings', () => {
  it('keeps 10,000 completed jobs for a day and 100,000 failed ones for 30 days, and tells ends, unless somebody says otherwise', async () => {
    const { settings, meta } = settingsOf();
    await settings.load();
    expect(settings.of('mail')).toEqual({
      ...{ keepCompleted: 10_000, keepCompletedFor: 86_400_000 },
      ...{ keepFailed: 100_000, keepFailedFor: 30 * 86_400_000, events: 'ends' },
    });
    expect([...meta]).toEqual([]);
  });

  it('writes what it was told, and takes the rest from the queue', async () => {
    const { settings, meta, warnings } = settingsOf({ keepFailed: 5 }, { keepFailedFor: '1500', keepCompleted: '7' });
    await settings.load();
    expect(meta.get('bullpen.keepFailed')).toBe('5');
    expect(settings.of('mail')).toMatchObject({ keepFailed: 5, keepFailedFor: 1_500, keepCompleted: 7 });
    expect(warnings).toEqual([]);
  });

  it('ignores values that make no sense: anybody may have written them', async () => {
    for (const keepFailed of ['0', '-1', 'all', '1.5', '', '9'.repeat(30)]) {
      const { settings } = settingsOf({}, { keepFailed });
      await settings.load();
      expect(settings.of('mail').keepFailed).toBe(100_000);
    }
  });

  it('does the same with events: writes, follows, and says what differs', async () => {
    const { settings, meta, warnings } = settingsOf({ events: 'all' }, { events: 'none' });
    await settings.load();
    expect(meta.get('bullpen.events')).toBe('all');
    expect(warnings).toEqual([{ queue: 'mail', setting: 'events', was: 'none', is: 'all' }]);
    meta.set('bullpen.events', 'ends');
    for (let time = 0; time < 3; time += 1) await settings.refresh('mail');
    expect(warnings.slice(1)).toEqual([{ queue: 'mail', setting: 'events', was: 'all', is: 'ends' }]);
    expect(settings.of('mail').events).toBe('ends');
    meta.set('bullpen.events', 'loud');
    await settings.refresh('mail');
    expect(settings.of('mail').events).toBe('ends');
  });

  it('says that it was told something else than the workers before it, and counts for all', async () => {
    const { settings, warnings } = settingsOf({ keepCompletedFor: 3_600_000 }, { keepCompletedFor: '86400000' });
    await settings.load();
    expect(warnings).toEqual([{ queue: 'mail', setting: 'keepCompletedFor', was: '1d', is: '1h' }]);
    expect(settings.of('mail').keepCompletedFor).toBe(3_600_000);
  });

  it('follows a worker that started later, and says so once if it was told something else', async () => {
    const { settings, meta, redis, warnings } = settingsOf({ keepFailed: 5 });
    await settings.load();
    meta.set('bullpen.keepFailed', '9');
    meta.set('bullpen.keepCompleted', '3');
    redis.isAway = true;
    await settings.refresh('mail');
    expect(settings.of('mail').keepFailed).toBe(5);
    redis.isAway = false;
    for (let time = 0; time < 3; time += 1) await settings.refresh('mail');
    expect(settings.of('mail').keepFailed).toBe(9);
    expect(settings.of('mail').keepCompleted).toBe(3);
    expect(warnings).toEqual([{ queue: 'mail', setting: 'keepFailed', was: 5, is: 9 }]);
  });

  it('writes what counts for all again when another client has removed the meta', async () => {
    const { settings, meta, warnings } = settingsOf({ keepFailed: 5 }, { keepCompleted: '7' });
    await settings.load();
    meta.set('bullpen.keepFailed', '9');
    await settings.refresh('mail');
    meta.clear();
    await settings.refresh('mail');
    // Only what it was told: the rest is written by a worker that was told that.
    expect([...meta]).toEqual([['bullpen.keepFailed', '9']]);
    expect(settings.of('mail').keepCompleted).toBe(7);
    expect(warnings).toHaveLength(1);
  });
});
