import { EventEmitter } from 'node:events';
import type { Logger } from '@bullpen/shared';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ClockWatch } from './clock-watch.js';

const NOW = 1_700_000_000_000;

/** Watches the clock of a host that is ahead of Redis' clock by as much as the test says. */
function watching(aheadMs: number) {
  const told: string[] = [];
  const redis = Object.assign(new EventEmitter(), {
    status: 'ready',
    asked: 0,
    aheadMs,
    async time(): Promise<[number, number]> {
      redis.asked += 1;
      const now = Date.now() - redis.aheadMs;
      return [Math.floor(now / 1000), (now % 1000) * 1000];
    },
  });
  const say = (level: string) => (_: object, message: string) => void told.push(`${level} ${message.split(';')[0]}`);
  const watch = new ClockWatch({
    redis: redis as never,
    log: { warn: say('warn'), info: say('info') } as never as Logger,
  });
  onTestFinished(() => watch.close());
  return { watch, redis, told };
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
  return () => void vi.useRealTimers();
});

describe('ClockWatch', () => {
  it('says once that the clock of the host is off, again when that changes, and when it is over', async () => {
    const { watch, redis, told } = watching(600_000);
    await watch.load();
    expect(told).toEqual(["warn the clock of this host is 10m ahead of Redis' clock"]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([told.length, redis.asked > 5]).toEqual([1, true]);
    redis.aheadMs = -5_000;
    await vi.advanceTimersByTimeAsync(5_000);
    redis.aheadMs = 0;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(told.slice(1)).toEqual([
      "warn the clock of this host is 5s behind Redis' clock",
      "info the clock of this host agrees with Redis' clock again",
    ]);
  });

  it('says nothing of less than a second, however it changes', async () => {
    const { watch, redis, told } = watching(900);
    await watch.load();
    redis.aheadMs = -90;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(told).toEqual([]);
  });

  it('asks the server that it is connected to after a reconnect, and nobody meanwhile', async () => {
    const { watch, redis } = watching(0);
    await watch.load();
    redis.status = 'reconnecting';
    await vi.advanceTimersByTimeAsync(30_000);
    expect(redis.asked).toBe(1);
    redis.status = 'ready';
    redis.aheadMs = 60_000;
    redis.emit('ready');
    await vi.advanceTimersByTimeAsync(0);
    expect(redis.asked).toBe(2);
    expect(Math.abs(watch.clock.at() - (Date.now() - 60_000))).toBeLessThanOrEqual(1);
  });

  it('asks one question at a time, and throws only when it is asked to', async () => {
    const { watch, redis, told } = watching(0);
    redis.time = () => Promise.reject(new Error('NOPERM'));
    await expect(watch.load()).rejects.toThrow('NOPERM');
    await vi.advanceTimersByTimeAsync(10_000);
    let asked = 0;
    redis.time = () => {
      asked += 1;
      return new Promise(() => undefined);
    };
    await vi.advanceTimersByTimeAsync(60_000);
    expect([asked, told]).toEqual([1, []]);
  });
});
