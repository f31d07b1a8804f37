import { EventEmitter } from 'node:events';
import type { Logger } from '@bullpen/shared';
import type { Redis } from '@bullpen/shared/internal';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Subscription } from './subscription.js';

const NOPERM = () => new Error('NOPERM this user has no permissions to access one of the channels used as arguments');

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

/** A subscription of channels a and b; `faults` are the answers, then it is accepted. */
function subscribing(...faults: Error[]) {
  const subscribed: string[][] = [];
  const redis = Object.assign(new EventEmitter(), {
    status: 'connecting',
    async subscribe(...channels: string[]) {
      subscribed.push(channels);
      const fault = faults.shift();
      if (fault !== undefined) throw fault;
    },
  });
  const lines: string[] = [];
  const log = {
    warn: (_: object, text: string) => lines.push(text),
    info: (_: object, text: string) => lines.push(text),
  };
  const watched = { failed: vi.fn(), accepted: vi.fn(), close: vi.fn() };
  const subscription = new Subscription({
    redis: redis as unknown as Redis,
    ...{ channels: ['a', 'b'], watched, address: 'redis://host', log: log as unknown as Logger },
  });
  let isAnswered = false;
  void subscription.answered.then(() => {
    isAnswered = true;
  });
  const connect = async (): Promise<void> => {
    redis.status = 'ready';
    redis.emit('ready');
    await vi.advanceTimersByTimeAsync(0);
  };
  return { subscription, subscribed, redis, lines, watched, connect, isAnswered: () => isAnswered };
}

describe('a subscription', () => {
  it('is made when the client is ready, and again after each reconnect', async () => {
    const { subscribed, connect, watched, lines, isAnswered } = subscribing();
    expect([subscribed, isAnswered()]).toEqual([[], false]);
    await connect();
    expect([subscribed, isAnswered()]).toEqual([[['a', 'b']], true]);
    await connect();
    expect([subscribed.length, watched.accepted.mock.calls.length, lines]).toEqual([2, 2, []]);
  });

  it('says since when it hears: not before Redis has taken it, nor across a reconnect or a refusal', async () => {
    const { subscription, connect, redis } = subscribing(NOPERM());
    const hears: (number | undefined)[] = [];
    const note = (): void => void hears.push(subscription.hearsSince);
    const start = performance.now();
    note();
    await connect();
    note();
    await vi.advanceTimersByTimeAsync(10_000);
    note();
    redis.status = 'reconnecting';
    note();
    await connect();
    note();
    expect(hears.map((at) => at && at - start)).toEqual([undefined, undefined, 2_000, undefined, 10_000]);
  });

  it('is made again and again, so that a connection which has fallen silent is noticed', async () => {
    const { subscription, subscribed, connect } = subscribing();
    await connect();
    await connect();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(subscribed).toHaveLength(4);
    subscription.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(subscribed).toHaveLength(4);
  });

  it('without permission is warned about once, tried again, and holds nobody up', async () => {
    const { subscribed, connect, watched, lines, isAnswered } = subscribing(NOPERM(), NOPERM());
    await connect();
    expect([isAnswered(), lines]).toEqual([true, [expect.stringMatching(/does not let us subscribe/)]]);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(subscribed).toHaveLength(3);
    expect(lines).toEqual([expect.stringMatching(/does not let/), 'cancellations are heard at once again']);
    expect(watched.failed).not.toHaveBeenCalled();
  });

  it('that Redis refuses for another reason is an outage of its connection', async () => {
    const { connect, watched, lines, isAnswered } = subscribing(new Error('LOADING Redis is loading'));
    await connect();
    expect([watched.failed.mock.calls.length, isAnswered(), lines]).toEqual([1, false, []]);
    await vi.advanceTimersByTimeAsync(4_000);
    expect([watched.accepted.mock.calls.length, isAnswered()]).toEqual([1, true]);
  });

  it('is not tried again when it is closed', async () => {
    const { subscription, subscribed, connect } = subscribing(NOPERM());
    await connect();
    subscription.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect([subscribed.length, vi.getTimerCount()]).toEqual([1, 0]);
  });
});
