import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Redis } from '../redis/redis.js';
import { Exporter, type ExporterOptions } from './exporter.js';

const LIFE_MS = 9_000;

/** A fake Redis with exporters' keys and queues of fixed sizes, on the test's clock. */
function fakeRedis() {
  const keys = new Map<string, { owner: string; until: number }>();
  const holder = (key: string) => {
    const held = keys.get(key);
    return held !== undefined && held.until > performance.now() ? held.owner : undefined;
  };
  const redis = {
    status: 'ready',
    /** Whether commands stay unanswered. */
    isFrozen: false,
    refuses: false,
    reason: 'READONLY',
    counted: 0,
    holder,
    async eval(script: string, _: number, key: string, owner: string, lifeMs: number): Promise<number> {
      await redis.answered();
      if (!script.includes('PEXPIRE')) return holder(key) === owner && keys.delete(key) ? 1 : 0;
      if (![undefined, owner].includes(holder(key))) return 0;
      keys.set(key, { owner, until: performance.now() + lifeMs });
      return 1;
    },
    pipeline() {
      redis.counted += 1;
      const chain = { llen: () => chain, zcard: () => chain, hmget: () => chain, exec: () => counts() };
      return chain;
    },
    lindex: async () => null,
    zrange: async () => [],
    async answered(): Promise<void> {
      if (redis.refuses) throw new Error(redis.reason);
      if (redis.isFrozen) await new Promise(() => undefined);
    },
  };
  const counts = async () => {
    await redis.answered();
    return [1, 2, 3, 4, 5, 6, 0, [null, null, null, null]].map((count) => [null, count]);
  };
  return redis;
}

type FakeRedis = ReturnType<typeof fakeRedis>;

function candidate(redis: FakeRedis, options: Partial<ExporterOptions> = {}): Exporter {
  const own = { queues: () => ['mail'], prefix: 'p', lifeMs: LIFE_MS, log: { warn: () => undefined }, ...options };
  const exporter = new Exporter({ redis: redis as unknown as Redis, ...own });
  onTestFinished(() => exporter.close());
  return exporter;
}

const namesOf = async (exporter: Exporter) => (await exporter.count()).map(({ queue }) => queue);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
});

describe('an exporter', () => {
  it('logs once why Redis does not let it count, and leaves outages to others', async () => {
    const redis = fakeRedis();
    const warn = vi.fn();
    const exporter = candidate(redis, { log: { warn } });
    redis.refuses = true;
    expect(await exporter.count()).toEqual([]);
    expect(warn).not.toHaveBeenCalled();
    redis.reason = "NOPERM this user has no permissions to run the 'eval' command";
    await vi.advanceTimersByTimeAsync(LIFE_MS);
    expect(warn.mock.calls).toEqual([[{ reason: redis.reason }, 'cannot count the jobs of the queues for Prometheus']]);
  });

  it('stands for election when it is first asked, and counts the jobs', async () => {
    const redis = fakeRedis();
    const exporter = candidate(redis);
    await vi.advanceTimersByTimeAsync(LIFE_MS);
    expect(redis.holder('p:mail:exporter')).toBeUndefined();
    expect(await exporter.count()).toEqual([
      {
        ...{ queue: 'mail', paused: false, waiting: 1, active: 2, prioritized: 3, delayed: 4, completed: 5, failed: 6 },
        ...{ waitingChildren: 0, failedRows: 0, cancelled: 0, failedTrimmed: 0, oldestWaitingMs: undefined },
      },
    ]);
    expect(exporter.holds('mail')).toBe(true);
  });

  it('is one of all processes that are asked, as long as it lives, even when they are asked rarely', async () => {
    const redis = fakeRedis();
    const [first, second] = [candidate(redis), candidate(redis)];
    for (let scrape = 0; scrape < 5; scrape += 1) {
      expect([await namesOf(first), await namesOf(second)]).toEqual([['mail'], []]);
      await vi.advanceTimersByTimeAsync(10 * LIFE_MS);
    }
  });

  it('gives up its queues when it is closed, and another process takes them', async () => {
    const redis = fakeRedis();
    const [first, second] = [candidate(redis), candidate(redis)];
    await Promise.all([first.count(), second.count()]);
    await first.close();
    expect([redis.holder('p:mail:exporter'), await namesOf(first)]).toEqual([undefined, []]);
    await vi.advanceTimersByTimeAsync(LIFE_MS / 3);
    expect(await namesOf(second)).toEqual(['mail']);
    await first.close();
    expect(await namesOf(second)).toEqual(['mail']);
  });

  it('has a successor, when it dies, within a third of its life after the end of it', async () => {
    const [dead, living] = [fakeRedis(), fakeRedis()];
    const [first, second] = [candidate(dead), candidate(living)];
    // The same keys, but the first can no longer reach them.
    living.eval = dead.eval;
    await Promise.all([first.count(), second.count()]);
    dead.status = 'close';
    await vi.advanceTimersByTimeAsync(LIFE_MS + LIFE_MS / 3);
    expect(await namesOf(second)).toEqual(['mail']);
  });

  it.each(['isFrozen', 'refuses'] as const)('stops before Redis gives the key to another process: %s', async (how) => {
    const redis = fakeRedis();
    const exporter = candidate(redis);
    await exporter.count();
    redis[how] = true;
    while (redis.holder('p:mail:exporter') !== undefined) {
      await vi.advanceTimersByTimeAsync(1);
      if (redis.holder('p:mail:exporter') === undefined) expect(exporter.holds('mail')).toBe(false);
    }
    expect(exporter.holds('mail')).toBe(false);
    redis[how] = false;
    if (how === 'refuses') await vi.advanceTimersByTimeAsync(LIFE_MS / 3);
    expect(exporter.holds('mail')).toBe(how === 'refuses');
  });

  it('tells nothing, and no old numbers, while Redis is away or slow or refuses', async () => {
    const redis = fakeRedis();
    const exporter = candidate(redis, { limitMs: 500 });
    await exporter.count();
    redis.status = 'reconnecting';
    expect(await namesOf(exporter)).toEqual([]);
    redis.status = 'ready';
    redis.isFrozen = true;
    const slow = exporter.count();
    await vi.advanceTimersByTimeAsync(500);
    expect(await slow).toEqual([]);
    redis.isFrozen = false;
    redis.refuses = true;
    expect(await namesOf(exporter)).toEqual([]);
    redis.refuses = false;
    expect(await namesOf(exporter)).toEqual(['mail']);
  });

  it('tells nothing about a queue that it lost while it was counting', async () => {
    const redis = fakeRedis();
    const exporter = candidate(redis, { limitMs: 2 * LIFE_MS });
    await exporter.count();
    let answer = (): void => undefined;
    redis.answered = () => new Promise<void>((resolve) => (answer = resolve));
    const counting = exporter.count();
    await vi.advanceTimersByTimeAsync(0);
    const answerCount = answer;
    await vi.advanceTimersByTimeAsync(LIFE_MS);
    redis.answered = async () => undefined;
    answerCount();
    expect(await counting).toEqual([]);
  });

  it('counts once for all callers who ask at the same time', async () => {
    const redis = fakeRedis();
    const exporter = candidate(redis);
    await Promise.all([exporter.count(), exporter.count(), exporter.count()]);
    expect(redis.counted).toBe(1);
    await exporter.count();
    expect(redis.counted).toBe(2);
  });

  it('does not stand for election after five minutes without a scrape, and stands again at the next one', async () => {
    const redis = fakeRedis();
    const [forgotten, scraped] = [candidate(redis), candidate(redis)];
    await forgotten.count();
    for (let minute = 0; minute < 6; minute += 1) {
      await scraped.count();
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(await namesOf(scraped)).toEqual(['mail']);
    expect(await namesOf(forgotten)).toEqual([]);
    await scraped.close();
    await vi.advanceTimersByTimeAsync(LIFE_MS / 3);
    expect(await namesOf(forgotten)).toEqual(['mail']);
  });

  it('takes queues that appear later, with keys on the same node of a cluster', async () => {
    const redis = fakeRedis();
    const queues = ['mail'];
    const exporter = candidate(redis, { queues: () => queues, prefix: '{shop}' });
    await exporter.count();
    queues.push('images');
    await vi.advanceTimersByTimeAsync(LIFE_MS / 3);
    expect(await namesOf(exporter)).toEqual(['mail', 'images']);
    expect(redis.holder('{shop}:images:exporter')).toBe(redis.holder('{shop}:mail:exporter'));
  });
});
