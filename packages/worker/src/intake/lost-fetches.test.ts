import type { Logger } from '@bullpen/shared';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ScriptedRedis } from '../redis/commands.js';
import { LostFetches } from './lost-fetches.js';

type Held = [id: string, token: string, fetches: string];

/**
 * The orphans of queue mail, over a Redis that says that `held` is held by us, of which `known` is
 * attempted here.
 */
function orphansAmong(held: readonly Held[], known: readonly string[] = []) {
  const questions: unknown[][] = [];
  const orders: unknown[][] = [];
  const lines: unknown[] = [];
  const say = (...args: unknown[]) => void lines.push(args);
  const redis = {
    /** What becomes of an order to give back. */
    obey: async (ids: readonly unknown[]): Promise<unknown> => ids,
    async bullpenFetchedBy(...args: unknown[]) {
      questions.push(args);
      return held;
    },
    async bullpenHandBack(...args: unknown[]) {
      orders.push(args);
      return redis.obey(args.slice(9).filter((_, at) => at % 2 === 0));
    },
  };
  const orphans = new LostFetches({
    ...{ redis: redis as unknown as ScriptedRedis, prefix: 'p', queue: 'mail', name: 'w1', leaseMs: 1_000 },
    log: { info: say, warn: say } as unknown as Logger,
    known: (jobId, fetches) => known.includes(`${jobId} ${fetches}`),
  });
  return { orphans, redis, questions, orders, lines };
}

const KEYS = ['active', 'wait', 'prioritized', 'stalled', 'meta', 'marker', 'events'].map((key) => `p:mail:${key}`);
const GAVE_BACK = 'job was fetched in a reply that was lost; gave it back';

afterEach(() => void vi.useRealTimers());

describe('LostFetches', () => {
  it('asks for the active jobs that this worker fetched, and orders nothing when there are none', async () => {
    const { orphans, questions, orders } = orphansAmong([]);
    await orphans.handBackLost();
    expect([questions, orders]).toEqual([[['p:mail:active', 'p:mail:', 'w1']], []]);
  });

  it('gives back what nobody here attempts, by the very fetch, and says so', async () => {
    const { orphans, orders, lines } = orphansAmong(
      [
        ['j-1', 'w1:1', '1'],
        ['j-2', '', '4'],
      ],
      ['j-1 1'],
    );
    await orphans.handBackLost();
    expect(orders).toEqual([[...KEYS, 'p:mail:', 'w1', 'j-2', '4']]);
    expect(lines).toEqual([[{ jobId: 'j-2', queue: 'mail' }, GAVE_BACK]]);
  });

  it('gives back a fetch of a job of which only an older one is known here', async () => {
    const { orphans, orders } = orphansAmong([['j-1', 'w1:1', '2']], ['j-1 1']);
    await orphans.handBackLost();
    expect(orders).toEqual([[...KEYS, 'p:mail:', 'w1', 'j-1', '2']]);
  });

  it('gives back everything as its last word', async () => {
    const { orphans, questions, orders } = orphansAmong([['j-1', 'w1:1', '1']], ['j-1 1']);
    await orphans.handBackAll();
    expect([questions, orders]).toEqual([[], [[...KEYS, 'p:mail:', 'w1']]]);
  });

  it('knows a fetch that it gave back, once, should its reply arrive after all', async () => {
    const { orphans } = orphansAmong([['j-1', 'w1:1', '2']]);
    expect(orphans.wasHandedBack('j-1', 2)).toBe(false);
    await orphans.handBackLost();
    expect([orphans.wasHandedBack('j-1', 3), orphans.wasHandedBack('j-2', 2)]).toEqual([false, false]);
    expect([orphans.wasHandedBack('j-1', 2), orphans.wasHandedBack('j-1', 2)]).toEqual([true, false]);
  });

  it('forgets after a lease what it gave back: a new job of that id starts counting again', async () => {
    vi.useFakeTimers();
    const { orphans } = orphansAmong([['j-1', 'w1:1', '1']]);
    await orphans.handBackLost();
    vi.advanceTimersByTime(1_001);
    expect(orphans.wasHandedBack('j-1', 1)).toBe(false);
  });

  it('knows it from before it gives it back: the reply may come while that is under way', async () => {
    const { orphans, redis } = orphansAmong([['j-1', 'w1:1', '2']]);
    const wasKnown: boolean[] = [];
    redis.obey = async (ids) => {
      wasKnown.push(orphans.wasHandedBack('j-1', 2));
      return ids;
    };
    await orphans.handBackLost();
    expect(wasKnown).toEqual([true]);
  });

  it('leaves what Redis did not give back, as somebody else has it by now, and says nothing of it', async () => {
    const { orphans, redis, lines } = orphansAmong([
      ['j-1', 'w1:1', '1'],
      ['j-2', 'w1:2', '1'],
    ]);
    redis.obey = async () => ['j-2'];
    await orphans.handBackLost();
    expect([orphans.wasHandedBack('j-1', 1), orphans.wasHandedBack('j-2', 1)]).toEqual([false, true]);
    expect(lines).toEqual([[{ jobId: 'j-2', queue: 'mail' }, GAVE_BACK]]);
  });

  it.each(['Connection is closed.', 'READONLY You can’t write against a read only replica.'])(
    'lets none start here that may have been given back: %s',
    async (message) => {
      const { orphans, redis, lines } = orphansAmong([['j-1', 'w1:1', '1']]);
      redis.obey = () => Promise.reject(new Error(message));
      await orphans.handBackLost();
      expect(orphans.wasHandedBack('j-1', 1)).toBe(true);
      expect(lines).toMatchObject([[{ queue: 'mail', jobIds: ['j-1'] }, 'jobs could not be given back']]);
    },
  );

  it('leaves alone, for a lease, what was given up because its end could not be recorded', async () => {
    vi.useFakeTimers();
    const { orphans, orders } = orphansAmong([['j-1', 'w1:1', '1']]);
    orphans.leaveBehind('j-1', 1);
    await orphans.handBackLost();
    expect(orders).toEqual([]);
    vi.advanceTimersByTime(1_001);
    await orphans.handBackLost();
    expect(orders).toHaveLength(1);
  });

  it('tells when Redis cannot be asked', async () => {
    const { orphans, redis } = orphansAmong([]);
    redis.bullpenFetchedBy = () => Promise.reject(new Error('Connection is closed.'));
    await expect(orphans.handBackLost()).rejects.toThrow('Connection is closed.');
  });
});
