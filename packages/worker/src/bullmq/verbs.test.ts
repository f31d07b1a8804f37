import type { BackoffPolicy } from '@bullpen/shared';
import type { Thrown } from '@bullpen/shared/internal';
import type { Job } from 'bullmq';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Outcome } from '../attempt/outcome.js';
import type { ActiveAttempt } from '../in-flight/active-attempts.js';
import { handBack, type Settling, settle } from './verbs.js';

interface Parts {
  readonly attemptsMade?: number;
  readonly attempts?: number | undefined;
  readonly priority?: number;
  readonly backoff?: BackoffPolicy | undefined;
  /** Redis is told nothing: the job is another worker's, or the outage outlasted us. */
  readonly isLost?: boolean;
}

/** A job active on queue mail, and a record of everything that is done about it, in order. */
function settlingOf({ attemptsMade = 0, attempts = 3, priority = 0, backoff, isLost = false }: Parts = {}) {
  const done: string[] = [];
  const job = {
    ...{ id: 'j-1', attemptsMade, priority, opts: { attempts } as { attempts?: number; backoff?: unknown } },
    moveToWait: async (token: string) => void done.push(`moveToWait(${token})`),
    moveToDelayed: async (until: number, token: string) => void done.push(`moveToDelayed(${until}, ${token})`),
  };
  const settling: Settling = {
    ...{ backoff, job: job as unknown as Job, attempt: { lease: { token: 't1' } } as ActiveAttempt },
    ways: {
      async record(_, write) {
        done.push('record');
        if (!isLost) await write();
        done.push(isLost ? 'given up' : 'recorded');
        return undefined;
      },
      wakeOne: () => void done.push('wake'),
    },
  };
  return { settling, done, job };
}

/** What settling ends with for BullMQ: a value or an error. */
async function endOf(outcome: Outcome, settling: Settling): Promise<{ returned?: unknown; thrown?: Error }> {
  try {
    return { returned: await settle(outcome, settling) };
  } catch (thrown) {
    return { thrown: thrown as Error };
  }
}

const error: Thrown = {
  name: 'TypeError',
  message: 'no such file',
  stack: 'TypeError: no such file\n    at x',
  code: undefined,
};

describe('settle', () => {
  it('returns the result of what completed, and leaves it to BullMQ to record it', async () => {
    const { settling, done } = settlingOf();
    expect(await endOf({ kind: 'completed', result: { sent: 1 } }, settling)).toEqual({ returned: { sent: 1 } });
    expect(done).toEqual([]);
  });

  it('says so at once when it has nothing to wait for', () => {
    expect(settle({ kind: 'completed', result: 5 }, settlingOf().settling)).toBe(5);
    expect(() => settle({ kind: 'failed', error }, settlingOf().settling)).toThrow('TypeError: no such file');
  });

  it('throws what failed as an error of its own, that says all the handler’s did', async () => {
    const { settling } = settlingOf();
    const { thrown } = await endOf({ kind: 'failed', error }, settling);
    expect(thrown).toMatchObject({ name: 'Error', message: 'TypeError: no such file', stack: error.stack });
    expect((await endOf({ kind: 'failed', error: { ...error, stack: undefined } }, settling)).thrown?.stack).toBe(
      'TypeError: no such file',
    );
  });

  it('hands BullMQ the wait until the next attempt, ready computed and capped, for this retry alone', async () => {
    const backoff: BackoffPolicy = { type: 'exponential', delayMs: 1_000, maxDelayMs: 3_000, jitter: 0 };
    const waits: unknown[] = [];
    for (const attemptsMade of [0, 1, 2, 3]) {
      const { settling, job } = settlingOf({ attemptsMade, attempts: 5, backoff });
      await endOf({ kind: 'failed', error }, settling);
      waits.push(job.opts.backoff);
    }
    expect(waits).toEqual([1_000, 2_000, 3_000, 3_000].map((delay) => ({ type: 'fixed', delay })));
  });

  it('leaves BullMQ’s backoff alone at the last attempt, and for a job without a definition', async () => {
    const backoff: BackoffPolicy = { type: 'fixed', delayMs: 1, maxDelayMs: 1, jitter: 0 };
    const [last, unknown] = [settlingOf({ attemptsMade: 2, backoff }), settlingOf({ attemptsMade: 0 })];
    for (const { settling } of [last, unknown]) await endOf({ kind: 'failed', error }, settling);
    expect([last.job.opts.backoff, unknown.job.opts.backoff]).toEqual([undefined, undefined]);
  });

  it.each(['rejected', 'expired', 'cancelled', 'crashed'] as const)('fails what was %s for good', async (kind) => {
    const { settling, done } = settlingOf();
    const { thrown } = await endOf({ kind, error }, settling);
    expect(thrown).toMatchObject({ name: 'UnrecoverableError', message: 'TypeError: no such file' });
    expect(done).toEqual([]);
  });

  it('moves what was snoozed to its time, and says so when that is recorded', async () => {
    const { settling, done } = settlingOf();
    const { thrown } = await endOf({ kind: 'snoozed', untilAt: 1_900_000_000_000, error }, settling);
    expect(thrown?.name).toBe('DelayedError');
    expect(done).toEqual(['record', 'moveToDelayed(1900000000000, t1)', 'recorded']);
  });

  it('moves what was snoozed a little ahead at least: BullMQ must be through with it by then', async () => {
    vi.useFakeTimers({ now: 1_000_000, toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    for (const untilAt of [0, 1_000_000, 1_000_250]) {
      const { settling, done } = settlingOf();
      await endOf({ kind: 'snoozed', untilAt, error }, settling);
      expect(done[1]).toBe('moveToDelayed(1000250, t1)');
    }
  });

  it('hands back what was interrupted, also when a lease ran out: recording finds out whose job it is', async () => {
    for (const reason of ['draining', 'lease lost'] as const) {
      const { settling, done } = settlingOf();
      const { thrown } = await endOf({ kind: 'interrupted', reason }, settling);
      expect(thrown?.name).toBe('WaitingError');
      expect(done).toEqual(['record', 'moveToWait(t1)', 'recorded']);
    }
  });

  it('does not take a move that was given up for a failure of the job', async () => {
    const [snoozed, interrupted] = [settlingOf({ isLost: true }), settlingOf({ isLost: true })];
    expect((await endOf({ kind: 'snoozed', untilAt: 5, error }, snoozed.settling)).thrown?.name).toBe('DelayedError');
    expect((await endOf({ kind: 'interrupted', reason: 'draining' }, interrupted.settling)).thrown?.name).toBe(
      'WaitingError',
    );
    expect([snoozed.done, interrupted.done]).toEqual([
      ['record', 'given up'],
      ['record', 'given up'],
    ]);
  });

  it('gives BullMQ no command in a handler’s words, whatever they are', async () => {
    const commands = ['DelayedError', 'WaitingError', 'WaitingChildrenError', 'RateLimitError', 'UnrecoverableError'];
    const words = fc.oneof(
      fc.string(),
      fc.constantFrom(...commands, 'bullmq', 'bullmq:rateLimitExceeded', 'rateLimitExceeded', ''),
    );
    await fc.assert(
      fc.asyncProperty(words, words, words, async (name, message, stack) => {
        const said: Thrown = { name, message, stack, code: undefined };
        const { settling } = settlingOf();
        const failed = (await endOf({ kind: 'failed', error: said }, settling)).thrown;
        expect(failed?.name).toBe('Error');
        expect(failed?.message).not.toBe('bullmq:rateLimitExceeded');
        const rejected = (await endOf({ kind: 'rejected', error: said }, settling)).thrown;
        expect(rejected?.name).toBe('UnrecoverableError');
        expect(rejected?.message).not.toBe('bullmq:rateLimitExceeded');
      }),
    );
  });
});

describe('handBack', () => {
  it('wakes a worker for a prioritized job, as BullMQ forgets to, when it is back', async () => {
    const { settling, done } = settlingOf({ priority: 3 });
    await expect(handBack(settling)).rejects.toMatchObject({ name: 'WaitingError' });
    expect(done).toEqual(['record', 'moveToWait(t1)', 'recorded', 'wake']);
  });

  it('leaves the waking to BullMQ for any other job', async () => {
    const { settling, done } = settlingOf();
    await expect(handBack(settling)).rejects.toMatchObject({ name: 'WaitingError' });
    expect(done).not.toContain('wake');
  });
});
