import type { BackoffPolicy, BullpenOpts } from '@bullpen/shared';
import type { Job } from 'bullmq';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Books } from './books.js';
import type { Outcome } from './outcome.js';
import { attemptsOf, handBack, type Settling, settle } from './settle.js';
import type { Thrown } from './thrown.js';

interface Parts {
  readonly attemptsMade?: number;
  readonly attempts?: number | undefined;
  readonly priority?: number;
  readonly bullpen?: BullpenOpts;
  readonly backoff?: BackoffPolicy | undefined;
  readonly cancelAsked?: boolean;
  /** What moving the job fails with. */
  readonly refusal?: Error;
}

/** A job active on queue mail, and a record of everything that is done about it, in order. */
function settlingOf(parts: Parts = {}) {
  const { attemptsMade = 0, attempts = 3, priority = 0, refusal, ...rest } = parts;
  const done: string[] = [];
  const move = async (what: string): Promise<void> => {
    done.push(what);
    if (refusal !== undefined) throw refusal;
  };
  const job = {
    ...{ id: 'j-1', attemptsMade, priority, opts: { attempts } as { attempts?: number; backoff?: unknown } },
    moveToWait: (token: string) => move(`moveToWait(${token})`),
    moveToDelayed: (until: number, token: string) => move(`moveToDelayed(${until}, ${token})`),
  };
  const books = {
    noteRow: (queue: string, { batch, row }: BullpenOpts, fate: string) =>
      done.push(`note ${queue} ${batch} ${row} ${fate}`),
    unspendAttempt: (queue: string, id: string) => done.push(`unspend ${queue} ${id}`),
    wakeOne: (queue: string) => done.push(`wake ${queue}`),
    forgetCancelled: (queue: string, id: string) => done.push(`forget ${queue} ${id}`),
  };
  const settling: Settling = {
    ...{ queue: 'mail', token: 't1', bullpen: { batch: 'b', row: 4 }, backoff: undefined, cancelAsked: false, ...rest },
    job: job as unknown as Job,
    books: books as unknown as Books,
    confirm: () => void done.push('confirmed'),
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
  it('returns the result of what completed, and notes the row', async () => {
    const { settling, done } = settlingOf();
    expect(await endOf({ kind: 'completed', result: { sent: 1 } }, settling)).toEqual({ returned: { sent: 1 } });
    expect(done).toEqual(['note mail b 4 completed']);
  });

  it('throws what failed as an error of its own, that says all the handler’s did', async () => {
    const { settling } = settlingOf();
    const { thrown } = await endOf({ kind: 'failed', error }, settling);
    expect(thrown).toMatchObject({ name: 'Error', message: 'TypeError: no such file', stack: error.stack });
    expect((await endOf({ kind: 'failed', error: { ...error, stack: undefined } }, settling)).thrown?.stack).toBe(
      'TypeError: no such file',
    );
  });

  it('notes a failed row at the last attempt only', async () => {
    for (const [attemptsMade, noted] of [
      [0, []],
      [1, []],
      [2, ['note mail b 4 failed']],
      [7, ['note mail b 4 failed']],
    ] as const) {
      const { settling, done } = settlingOf({ attemptsMade, attempts: 3 });
      await endOf({ kind: 'failed', error }, settling);
      expect(done).toEqual(noted);
    }
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

  it.each([
    ['rejected', ['note mail b 4 failed']],
    ['expired', ['unspend mail j-1', 'note mail b 4 failed']],
    ['cancelled', ['forget mail j-1', 'note mail b 4 failed']],
  ] as const)('fails what was %s for good', async (kind, noted) => {
    const { settling, done } = settlingOf();
    const { thrown } = await endOf({ kind, error }, settling);
    expect(thrown).toMatchObject({ name: 'UnrecoverableError', message: 'TypeError: no such file' });
    expect(done).toEqual(noted);
  });

  it('moves what was snoozed to its time, and says so when it is there', async () => {
    const { settling, done } = settlingOf();
    const { thrown } = await endOf({ kind: 'snoozed', untilAt: 1_900_000_000_000, error }, settling);
    expect(thrown?.name).toBe('DelayedError');
    expect(done).toEqual(['moveToDelayed(1900000000000, t1)', 'confirmed']);
  });

  it('hands back what was interrupted, and says so when it is there', async () => {
    const { settling, done } = settlingOf();
    const { thrown } = await endOf({ kind: 'interrupted', reason: 'draining' }, settling);
    expect(thrown?.name).toBe('WaitingError');
    expect(done).toEqual(['moveToWait(t1)', 'confirmed']);
  });

  it('does not touch a job whose lease is lost: it is another worker’s', async () => {
    const { settling, done } = settlingOf();
    const { thrown } = await endOf({ kind: 'interrupted', reason: 'lease lost' }, settling);
    expect([thrown?.name, done]).toEqual(['WaitingError', []]);
  });

  it('does not take a move that failed for a failure of the job, nor for confirmed', async () => {
    const refusal = new Error('Missing lock for job j-1');
    const [snoozed, interrupted] = [settlingOf({ refusal }), settlingOf({ refusal, priority: 1 })];
    expect((await endOf({ kind: 'snoozed', untilAt: 5, error }, snoozed.settling)).thrown?.name).toBe('DelayedError');
    expect((await endOf({ kind: 'interrupted', reason: 'draining' }, interrupted.settling)).thrown?.name).toBe(
      'WaitingError',
    );
    expect([snoozed.done, interrupted.done]).toEqual([
      [expect.stringMatching(/^moveToDelayed\(\d+, t1\)$/)],
      ['moveToWait(t1)'],
    ]);
  });

  it('forgets a cancellation that came too late: it would cancel the next job with this key', async () => {
    for (const outcome of [
      { kind: 'completed', result: 1 },
      { kind: 'rejected', error },
    ] as const) {
      const [asked, notAsked] = [settlingOf({ cancelAsked: true }), settlingOf()];
      for (const { settling } of [asked, notAsked]) await endOf(outcome, settling);
      expect(asked.done).toContain('forget mail j-1');
      expect(notAsked.done).not.toContain('forget mail j-1');
    }
  });

  it('keeps a cancellation for the next worker when the job goes back to its queue', async () => {
    for (const outcome of [
      { kind: 'snoozed', untilAt: 5, error },
      { kind: 'interrupted', reason: 'draining' },
      { kind: 'failed', error },
    ] as const) {
      const { settling, done } = settlingOf({ cancelAsked: true });
      await endOf(outcome, settling);
      expect(done).not.toContain('forget mail j-1');
    }
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
  it('wakes a worker for a prioritized job, as BullMQ forgets to, before it is confirmed', async () => {
    const { settling, done } = settlingOf({ priority: 3 });
    await expect(handBack(settling)).rejects.toMatchObject({ name: 'WaitingError' });
    expect(done).toEqual(['moveToWait(t1)', 'wake mail', 'confirmed']);
  });
});

describe('attemptsOf', () => {
  it('counts attempts from 1, and allows one at least', () => {
    const of = (attemptsMade: number, attempts?: number) => attemptsOf({ attemptsMade, opts: { attempts } } as Job);
    expect(of(0, 3)).toEqual({ attempt: 1, maxAttempts: 3 });
    expect(of(2, 3)).toEqual({ attempt: 3, maxAttempts: 3 });
    expect(of(0, 0)).toEqual({ attempt: 1, maxAttempts: 1 });
    expect(of(0)).toEqual({ attempt: 1, maxAttempts: 1 });
  });
});
