import type { Logger } from '@bullpen/shared';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fetchedJob, leaseFor } from '../../test/fetched-job.js';
import { ActiveAttempt } from '../in-flight/active-attempt.js';
import { ActiveAttempts } from '../in-flight/active-attempts.js';
import { fetchMark } from '../in-flight/fetched-job.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { LostFetches } from './lost-fetches.js';

/** An attempt at a job that was fetched for the nth time. */
function attemptAt(id: string, fetches: number): ActiveAttempt {
  const job = fetchedJob({ id, fetches });
  return new ActiveAttempt(job, leaseFor(job));
}

type Held = [id: string, token: string, fetches: string];

/** The mark of the nth fetch. */
const markOf = (fetches: string): string => fetchMark(fetchedJob({ fetches: Number(fetches) }));

/**
 * The lost fetches of queue mail. Redis says that this worker has `held`; of these, `known` are
 * attempted here.
 */
function lostAmong(held: readonly Held[], known: readonly string[] = []) {
  const questions: unknown[][] = [];
  const orders: unknown[][] = [];
  const lines: unknown[] = [];
  const say = (...args: unknown[]) => void lines.push(args);
  const redis = {
    /** What the command to hand back answers. */
    obey: async (ids: readonly unknown[]): Promise<unknown> => ids,
    async bullpenFetchedBy(...args: unknown[]) {
      questions.push(args);
      return held.map(([id, token, fetches]) => [id, token, markOf(fetches)]);
    },
    async bullpenRewrite(...args: unknown[]) {
      orders.push(args);
      return 1;
    },
    async bullpenHandBack(...args: unknown[]) {
      orders.push(args);
      return redis.obey(args.slice(10).filter((_, at) => at % 3 === 0));
    },
  };
  const active = new ActiveAttempts();
  for (const fetch of known) {
    const [id = '', fetches] = fetch.split(' ');
    const job = fetchedJob({ id, fetches: Number(fetches) });
    active.begin(job, leaseFor(job));
  }
  const lostFetches = new LostFetches({
    ...{ redis: redis as unknown as ScriptedRedis, prefix: 'p', queue: 'mail', name: 'w1', leaseMs: 1_000 },
    log: { info: say, warn: say } as unknown as Logger,
    active,
  });
  return { lostFetches, redis, questions, orders, lines };
}

const KEYS = ['active', 'wait', 'prioritized', 'stalled', 'meta', 'marker', 'events'].map((key) => `p:mail:${key}`);
const HANDED_BACK = 'job was fetched in a reply that was lost; handed it back';

afterEach(() => void vi.useRealTimers());

describe('LostFetches', () => {
  it('reads the active jobs that this worker fetched, and hands back nothing when there are none', async () => {
    const { lostFetches, questions, orders } = lostAmong([]);
    await lostFetches.handBackLost();
    expect([questions, orders]).toEqual([[['p:mail:active', 'p:mail:', 'w1']], []]);
  });

  it('hands back a fetch that nobody here attempts, and logs it', async () => {
    const { lostFetches, orders, lines } = lostAmong(
      [
        ['j-1', 'w1:1', '1'],
        ['j-2', '', '4'],
      ],
      ['j-1 1'],
    );
    await lostFetches.handBackLost();
    expect(orders).toEqual([[...KEYS, 'p:mail:', 'w1', '0', 'j-2', markOf('4'), '']]);
    expect(lines).toEqual([[{ jobId: 'j-2', queue: 'mail' }, HANDED_BACK]]);
  });

  it('hands back a fetch when only an older fetch of the job is attempted here', async () => {
    const { lostFetches, orders } = lostAmong([['j-1', 'w1:1', '2']], ['j-1 1']);
    await lostFetches.handBackLost();
    expect(orders).toEqual([[...KEYS, 'p:mail:', 'w1', '0', 'j-1', markOf('2'), '']]);
  });

  it('hands back everything as its last word, and names the places of the fetches that it knows', async () => {
    const { lostFetches, questions, orders } = lostAmong([['j-1', 'w1:1', '1']], ['j-1 1', 'j-2 4']);
    await lostFetches.handBackAll();
    expect([questions, orders]).toEqual([
      [],
      [[...KEYS, 'p:mail:', 'w1', '1', 'j-1', markOf('1'), 1, 'j-2', markOf('4'), 2]],
    ]);
  });

  it('recognizes a fetch that it handed back, once, if its reply arrives after all', async () => {
    const { lostFetches } = lostAmong([['j-1', 'w1:1', '2']]);
    expect(lostFetches.wasHandedBack(attemptAt('j-1', 2))).toBe(false);
    await lostFetches.handBackLost();
    expect([lostFetches.wasHandedBack(attemptAt('j-1', 3)), lostFetches.wasHandedBack(attemptAt('j-2', 2))]).toEqual([
      false,
      false,
    ]);
    expect([lostFetches.wasHandedBack(attemptAt('j-1', 2)), lostFetches.wasHandedBack(attemptAt('j-1', 2))]).toEqual([
      true,
      false,
    ]);
  });

  it('forgets after a lease what it handed back: the reply does not arrive any more', async () => {
    vi.useFakeTimers();
    const { lostFetches } = lostAmong([['j-1', 'w1:1', '1']]);
    await lostFetches.handBackLost();
    vi.advanceTimersByTime(1_001);
    expect(lostFetches.wasHandedBack(attemptAt('j-1', 1))).toBe(false);
  });

  it('recognizes the fetch from before it is handed back: the reply may come meanwhile', async () => {
    const { lostFetches, redis } = lostAmong([['j-1', 'w1:1', '2']]);
    const wasKnown: boolean[] = [];
    redis.obey = async (ids) => {
      wasKnown.push(lostFetches.wasHandedBack(attemptAt('j-1', 2)));
      return ids;
    };
    await lostFetches.handBackLost();
    expect(wasKnown).toEqual([true]);
  });

  it('lets no fetch start that Redis did not hand back, and does not log it: another worker has the job', async () => {
    const { lostFetches, redis, lines } = lostAmong([
      ['j-1', 'w1:1', '1'],
      ['j-2', 'w1:2', '1'],
    ]);
    redis.obey = async () => ['j-2'];
    await lostFetches.handBackLost();
    for (const id of ['j-1', 'j-2']) expect(lostFetches.wasHandedBack(attemptAt(id, 1))).toBe(true);
    expect(lines).toEqual([[{ jobId: 'j-2', queue: 'mail' }, HANDED_BACK]]);
  });

  it('does not let a fetch start that one of two looks at the same time has handed back', async () => {
    const { lostFetches, redis } = lostAmong([['j-1', 'w1:1', '1']]);
    const answers = [['j-1'], []];
    redis.obey = async () => answers.shift();
    await Promise.all([lostFetches.handBackLost(), lostFetches.handBackLost()]);
    expect([answers, lostFetches.wasHandedBack(attemptAt('j-1', 1))]).toEqual([[], true]);
  });

  it.each(['Connection is closed.', 'READONLY You can’t write against a read only replica.'])(
    'does not let a job start here that may have been handed back: %s',
    async (message) => {
      const { lostFetches, redis, lines } = lostAmong([['j-1', 'w1:1', '1']]);
      redis.obey = () => Promise.reject(new Error(message));
      await lostFetches.handBackLost();
      expect(lostFetches.wasHandedBack(attemptAt('j-1', 1))).toBe(true);
      expect(lines).toMatchObject([[{ queue: 'mail', jobIds: ['j-1'] }, 'jobs could not be handed back']]);
    },
  );

  it('leaves a job alone for a lease when its end could not be recorded, and has it alone charged then', async () => {
    vi.useFakeTimers();
    const { lostFetches, orders } = lostAmong([['j-1', 'w1:1', '1']]);
    lostFetches.leaveBehind(attemptAt('j-1', 1));
    await lostFetches.handBackLost();
    const trial = ['p:mail:j-1:lock', 'p:mail:j-1', 't1', 'bullpen.trial', markOf('1')];
    expect(orders).toEqual([trial]);
    vi.advanceTimersByTime(1_001);
    await lostFetches.handBackLost();
    expect(orders).toHaveLength(2);
  });

  it('throws when Redis cannot be asked', async () => {
    const { lostFetches, redis } = lostAmong([]);
    redis.bullpenFetchedBy = () => Promise.reject(new Error('Connection is closed.'));
    await expect(lostFetches.handBackLost()).rejects.toThrow('Connection is closed.');
  });
});
