import type { Logger } from '@bullpen/shared';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ScriptedRedis } from './lease-scripts.js';
import { Orphans } from './orphans.js';

type Held = [id: string, token: string, fetches: string];

/** The orphans of queue mail, over a Redis that says that `held` is held by us, of which `known` is attempted here. */
function orphansAmong(held: readonly Held[], known: readonly string[] = []) {
  const questions: unknown[][] = [];
  const lines: unknown[] = [];
  const givenBack: string[] = [];
  const parts = { refuses: undefined as string | undefined };
  const redis = {
    async bullpenFetchedBy(...args: unknown[]) {
      questions.push(args);
      return held;
    },
  };
  const orphans = new Orphans({
    ...{ redis: redis as unknown as ScriptedRedis, prefix: 'p', queue: 'mail', name: 'w1', leaseMs: 1_000 },
    log: { info: (...args: unknown[]) => void lines.push(args) } as unknown as Logger,
    known: (jobId, fetches) => known.includes(`${jobId} ${fetches}`),
    async giveBack(jobId, token) {
      if (jobId === parts.refuses) throw new Error(`Missing lock for job ${jobId}`);
      givenBack.push(`${jobId} ${token}`);
    },
  });
  return { orphans, questions, lines, givenBack, parts };
}

afterEach(() => void vi.useRealTimers());

describe('Orphans', () => {
  it('asks for the active jobs that are locked by this Worker', async () => {
    const { orphans, questions } = orphansAmong([]);
    await orphans.giveBackAll();
    expect(questions).toEqual([['p:mail:active', 'p:mail:', 'w1']]);
  });

  it('gives back what nobody here attempts, and says so', async () => {
    const { orphans, givenBack, lines } = orphansAmong(
      [
        ['j-1', 'w1:1', '1'],
        ['j-2', 'w1:2', '4'],
      ],
      ['j-1 1'],
    );
    await orphans.giveBackAll();
    expect(givenBack).toEqual(['j-2 w1:2']);
    expect(lines).toEqual([
      [{ jobId: 'j-2', queue: 'mail' }, 'job was fetched in a reply that was lost; gave it back'],
    ]);
  });

  it('gives back a fetch of a job of which only an older one is known here', async () => {
    const { orphans, givenBack } = orphansAmong([['j-1', 'w1:1', '2']], ['j-1 1']);
    await orphans.giveBackAll();
    expect(givenBack).toEqual(['j-1 w1:1']);
  });

  it('knows a fetch that it gave back, once, should its reply arrive after all', async () => {
    const { orphans } = orphansAmong([['j-1', 'w1:1', '2']]);
    expect(orphans.wasGivenBack('j-1', 2)).toBe(false);
    await orphans.giveBackAll();
    expect([orphans.wasGivenBack('j-1', 3), orphans.wasGivenBack('j-2', 2)]).toEqual([false, false]);
    expect([orphans.wasGivenBack('j-1', 2), orphans.wasGivenBack('j-1', 2)]).toEqual([true, false]);
  });

  it('forgets after a lease what it gave back: a new job of that id starts counting again', async () => {
    vi.useFakeTimers();
    const { orphans } = orphansAmong([['j-1', 'w1:1', '1']]);
    await orphans.giveBackAll();
    vi.advanceTimersByTime(1_001);
    expect(orphans.wasGivenBack('j-1', 1)).toBe(false);
  });

  it('knows it from before it gives it back: the reply may come while that is under way', async () => {
    const wasKnown: boolean[] = [];
    const orphans: Orphans = new Orphans({
      ...{ prefix: 'p', queue: 'mail', name: 'w1', leaseMs: 1_000, known: () => false },
      redis: { bullpenFetchedBy: async () => [['j-1', 'w1:1', '2']] } as unknown as ScriptedRedis,
      log: { info: () => undefined } as unknown as Logger,
      giveBack: async (jobId) => void wasKnown.push(orphans.wasGivenBack(jobId, 2)),
    });
    await orphans.giveBackAll();
    expect(wasKnown).toEqual([true]);
  });

  it('tells when Redis cannot be asked', async () => {
    const orphans = new Orphans({
      ...{
        prefix: 'p',
        queue: 'mail',
        name: 'w1',
        leaseMs: 1_000,
        known: () => false,
        giveBack: async () => undefined,
      },
      redis: { bullpenFetchedBy: () => Promise.reject(new Error('Connection is closed.')) } as unknown as ScriptedRedis,
      log: {} as Logger,
    });
    await expect(orphans.giveBackAll()).rejects.toThrow('Connection is closed.');
  });

  // Its lease may have run out since we asked; the others would wait for theirs to, and be counted as crashed.
  it('gives back the others when one of them cannot be given back', async () => {
    const { orphans, givenBack, parts } = orphansAmong([
      ['j-1', 'w1:1', '1'],
      ['j-2', 'w1:2', '1'],
    ]);
    parts.refuses = 'j-1';
    await orphans.giveBackAll().catch(() => undefined);
    expect(givenBack).toEqual(['j-2 w1:2']);
  });

  it('takes up again the lock of one whose lock ran out meanwhile, to give it back with', async () => {
    const renewed: unknown[][] = [];
    const givenBack: string[] = [];
    const orphans = new Orphans({
      ...{ prefix: 'p', queue: 'mail', name: 'w1', leaseMs: 1_000, known: () => false },
      redis: {
        bullpenFetchedBy: async () => [['j-1', '', '2']],
        bullpenRenew: async (...args: unknown[]) => void renewed.push(args),
      } as unknown as ScriptedRedis,
      log: { info: () => undefined } as unknown as Logger,
      giveBack: async (jobId, token) => void givenBack.push(`${jobId} ${token}`),
    });
    await orphans.giveBackAll();
    const most = Number.MAX_SAFE_INTEGER;
    expect(renewed).toEqual([
      ['p:mail:active', 'p:mail:stalled', 'p:mail:', 1_000, '0', 'j-1', 'w1:orphan', '2', most, most],
    ]);
    expect(givenBack).toEqual(['j-1 w1:orphan']);
  });
});
