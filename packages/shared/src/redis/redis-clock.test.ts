import { afterEach, describe, expect, it, vi } from 'vitest';
import { fetchTime, RedisClock, showSkew } from './redis-clock.js';

/** A monotonic clock, a host's clock and Redis' clock, which a test moves. */
function clocks() {
  let uptime = 1_000;
  let hostAhead = 0;
  let redisAhead = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => uptime);
  vi.spyOn(Date, 'now').mockImplementation(() => uptime + hostAhead);
  const trip = { thereMs: 0, backMs: 0 };
  const clock = new RedisClock(async () => {
    uptime += trip.thereMs;
    const time = uptime + redisAhead;
    uptime += trip.backMs;
    return Math.floor(time);
  });
  return {
    clock,
    pass(ms: number) {
      uptime += ms;
    },
    set(host: number, redis = redisAhead) {
      hostAhead = host;
      redisAhead = redis;
    },
    sync: async (thereMs: number, backMs: number) => {
      Object.assign(trip, { thereMs, backMs });
      await clock.sync();
    },
    /** By how much the clock is wrong. */
    error: () => clock.at() - (uptime + redisAhead),
    late: () => clock.latest() - (uptime + redisAhead),
  };
}

afterEach(() => vi.restoreAllMocks());

describe('RedisClock', () => {
  it('goes by the host until Redis has answered, and by Redis from then on, also when the host is set', async () => {
    const { clock, set, sync, error, pass } = clocks();
    set(50_000, 90_000);
    expect([error(), clock.skewMs]).toEqual([-40_000, undefined]);
    await sync(1, 1);
    for (const host of [0, -3_600_000, 3_600_000]) {
      set(host);
      pass(1_000);
      expect(Math.abs(error())).toBeLessThanOrEqual(1);
    }
  });

  it('is not worsened by a slow answer, and never says that it is later than its latest', async () => {
    const { sync, error, late } = clocks();
    await sync(2, 2);
    const before = error();
    for (const [there, back] of [
      [3_000, 1],
      [1, 3_000],
    ] as const) {
      await sync(there, back);
      expect(Math.abs(error() - before)).toBeLessThanOrEqual(4);
      expect(late()).toBeGreaterThanOrEqual(0);
    }
  });

  it('follows a Redis whose clock is set, or drifts', async () => {
    const { sync, error, set, pass } = clocks();
    await sync(1, 1);
    for (const ahead of [600_000, -600_000]) {
      set(0, ahead);
      await sync(1, 1);
      expect(Math.abs(error())).toBeLessThanOrEqual(2);
    }
    for (let at = 1; at <= 1_000; at += 1) {
      set(0, -600_000 + at * 0.5);
      pass(5_000);
      await sync(0.2, 0.2);
      expect(Math.abs(error())).toBeLessThanOrEqual(3);
    }
  });

  it('translates an instant to the clock of the host, as it is set now', async () => {
    const { clock, sync, set } = clocks();
    await sync(1, 1);
    const dueAt = clock.at() + 5_000;
    for (const host of [0, 600_000, -600_000]) {
      set(host);
      expect(dueAt - clock.at()).toBe(5_000);
    }
  });

  it('says by how much the host is off at least, and nothing of what a slow trip can explain', async () => {
    const { clock, sync, set } = clocks();
    set(400);
    await sync(500, 0);
    expect(clock.skewMs).toBe(0);
    set(-600_000);
    expect(clock.skewMs).toBeLessThanOrEqual(-600_000);
    set(600_000);
    expect(clock.skewMs).toBe(599_499);
  });
});

describe('fetchTime', () => {
  it('reads what TIME answers', async () => {
    expect(await fetchTime({ time: async () => [1_700_000_000, 123_999] } as never)).toBe(1_700_000_000_123);
  });
});

describe('showSkew', () => {
  it.each([
    [600_000, "the clock of this host is 10m ahead of Redis' clock"],
    [-1_500, "the clock of this host is 2s behind Redis' clock"],
  ])('says %i ms in words', (skewMs, words) => {
    expect(showSkew(skewMs)).toBe(words);
  });
});
