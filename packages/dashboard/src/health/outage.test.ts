import { EventEmitter } from 'node:events';
import type { Logger } from '@bullpen/shared';
import type { Redis } from '@bullpen/shared/internal';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Outage } from './outage.js';

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 2, 2, 6, 0, 0) }));
afterEach(() => void vi.useRealTimers());

/** A connection that is not open yet, and what is logged about it. */
function setting() {
  const redis = Object.assign(new EventEmitter(), { status: 'connecting' });
  const logged: [fields: object, message: string][] = [];
  const note = (fields: object, message: string): void => void logged.push([fields, message]);
  const log = { warn: note, info: note } as unknown as Logger;
  const outage = new Outage(redis as unknown as Redis, 'redis://host:6379', log);
  const is = (status: string, ...event: unknown[]): void => {
    redis.status = status;
    redis.emit(status, ...event);
  };
  const fails = (): boolean =>
    redis.emit('error', Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:6379'), { code: 'ECONNREFUSED' }));
  return { outage, logged, is, fails, messages: () => logged.map(([, message]) => message) };
}

describe('Outage', () => {
  it('logs once that Redis went away and once that it is back, whatever happens in between', () => {
    const { logged, outage, is, fails } = setting();
    is('ready');
    expect([logged, outage.text]).toEqual([[], undefined]);
    is('close');
    for (let n = 0; n < 20; n += 1) fails();
    vi.advanceTimersByTime(11 * 60_000);
    is('close');
    expect(logged).toEqual([[{ redis: 'redis://host:6379' }, 'redis connection was lost; retrying']]);
    is('ready');
    expect(logged.slice(1)).toEqual([[{ redis: 'redis://host:6379', durationMs: 660_000 }, 'redis is available']]);
    expect(outage.text).toBeUndefined();
  });

  it('tells people for how long and since when Redis has been away, where it is, and why', () => {
    const { outage, is, fails } = setting();
    is('ready');
    is('close');
    fails();
    vi.advanceTimersByTime(3 * 60_000);
    expect(outage.text).toMatch(
      /^Redis at redis:\/\/host:6379 has been away for 3m, since 2026-03-02 06:00:00 UTC: connect ECONNREFUSED 10\.0\.0\.1:6379 \(.*\)\. What you see is from before\. The dashboard keeps trying to connect\.$/,
    );
  });

  it('counts Redis as away from the start, and logs nothing when it is there', () => {
    const { outage, messages, is } = setting();
    expect(outage.text).toMatch(/has been away for 1s/);
    is('ready');
    expect([outage.text, messages()]).toEqual([undefined, []]);
  });

  it('logs that Redis is not there at the start', () => {
    const { messages, is, fails } = setting();
    fails();
    is('ready');
    expect(messages()).toEqual(['redis is unavailable; retrying', 'redis is available']);
  });

  it('says nothing when the dashboard itself closes the connection', () => {
    const { logged, outage, is } = setting();
    is('ready');
    is('end');
    vi.advanceTimersByTime(10_000);
    expect([logged, outage.text]).toEqual([[], undefined]);
  });
});
