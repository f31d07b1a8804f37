import { EventEmitter } from 'node:events';
import type { Redis } from '@bullpen/shared/internal';
import type { RedisConnection } from 'bullmq';
import { describe, expect, it, vi } from 'vitest';
import { hostClock } from '../../test/fetched-job.js';
import { Outage } from '../redis/outage.js';
import { Backend } from './backend.js';

/** The backend of a queue on which `lists` of the lists of jobs exist, and what was done, in order. */
function idling({ lists = 0, checks = [] as (string[] | undefined)[] } = {}) {
  const done: string[] = [];
  const redis = Object.assign(new EventEmitter(), {
    async exists(...keys: string[]) {
      done.push(`exists(${keys.join(', ')})`);
      return lists;
    },
  });
  const log = { info: () => undefined, warn: () => undefined };
  const outage = new Outage(redis as unknown as Redis, 'redis://host', log as never);
  const wait = vi.fn(async (_: string, __: number) => null);
  const deps = {
    ...{ redis, outage, clock: hostClock, connections: {} },
    leases: { renewQueue: () => void done.push('renew') },
    settings: { refresh: async () => void done.push('refresh') },
    stallCheck: { check: async () => checks.shift(), restMs: 20 },
  };
  const blocking = { ready: Promise.resolve(), wait, close: () => undefined };
  const opts = { prefix: 'p', name: 'worker-1', lockDuration: 10_000 };
  const main = new EventEmitter() as unknown as RedisConnection;
  const backend = new Backend(main, blocking, 'mail', opts as never, deps as never);
  return { backend, done, outage, wait };
}

describe('the backend of an idle queue', () => {
  it('waits until the process looks, and no longer than it was told', async () => {
    const { backend, wait } = idling();
    await backend.waitForJob(Number.POSITIVE_INFINITY);
    await backend.waitForJob(0.001);
    const [[, untilLook = 0] = [], [, short] = []] = wait.mock.calls;
    expect(untilLook).toBeGreaterThan(0);
    // A connection that leaves a command unanswered for 5 s counts as dead.
    expect(untilLook).toBeLessThan(4.1);
    expect(short).toBe(0.001);
  });

  it.each([
    [0, true],
    [2, false],
  ])('says with one command whether a fetch would find nothing: %i lists', async (lists, isEmpty) => {
    const { backend, done } = idling({ lists });
    expect(await backend.isEmpty()).toBe(isEmpty);
    expect(done).toEqual(['exists(p:mail:wait, p:mail:prioritized, p:mail:delayed)']);
  });

  it('leaves it to a fetch to find out whether an outage is over', async () => {
    const { backend, done, outage } = idling();
    outage.noteIfOutage(new Error('READONLY'));
    expect([await backend.isEmpty(), done]).toEqual([false, []]);
  });

  it('makes stall checks by itself, until there is an active job or it is closed', async () => {
    const { backend, done } = idling({ checks: [undefined, undefined, ['j-1']] });
    expect(await backend.moveStalledJobsToWait()).toEqual(['j-1']);
    expect(done).toEqual(['refresh', 'renew', 'refresh', 'renew', 'refresh', 'renew']);
    const checking = backend.moveStalledJobsToWait();
    backend.closing = Promise.resolve();
    expect(await checking).toEqual([]);
  });
});
