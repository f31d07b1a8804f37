import {
  defineJob,
  JobCancelled,
  type JobOptions,
  JobRejected,
  JobSnoozed,
  LeaseLost,
  type Logger,
  WorkerDraining,
} from '@bullpen/shared';
import { RedisClock, readFailure } from '@bullpen/shared/internal';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fetchedJob, hostClock, leaseFor } from '../../test/fetched-job.js';
import type { RowNote } from '../attempt/row-note.js';
import { Observers } from '../events/observers.js';
import { type AnyHandler, type Context, handle, handleMany } from '../handlers/handler.js';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import { ActiveAttempts } from '../in-flight/active-attempts.js';
import type { WriteResult } from '../in-flight/recorder.js';
import type { WorkerDeps } from '../in-flight/worker-deps.js';
import type { RowCalls } from './row-calls.js';
import type { RowJobs, SplitOptions, SplitRow } from './row-jobs.js';
import { SharedAttempt } from './shared-attempt.js';

const defined = (more: Partial<JobOptions> = {}) =>
  defineJob({
    ...{ name: 'shared.test', payload: z.object({ n: z.number() }), maxAttempts: 3, timeout: '1m' },
    ...{ backoff: { type: 'fixed', delay: 5_000, jitter: 0 }, ...more },
  });

interface Setting {
  readonly maxAttempts?: number;
  readonly fetches?: number;
  readonly crashes?: number;
  /** The rows that Redis says are open, for a job that was fetched before. */
  readonly open?: readonly number[];
  readonly data?: unknown;
  readonly bullpen?: object;
  /** The ids that Redis says are cancelled: the job, or its batch. */
  readonly cancelled?: readonly string[];
  readonly definition?: Partial<JobOptions>;
  readonly clock?: RedisClock;
  /** After how many rows a suspect has to be alone. */
  readonly makesWayAfter?: number;
}

type Run = (payload: { n: number }, context: Context) => unknown;

/**
 * An attempt at rows 11 to 14 of batch b1. Redis takes everything, and the test sees what it was
 * told.
 */
function sharing(run: Run | { readonly handler: AnyHandler } | undefined, setting: Setting = {}) {
  const { maxAttempts = 3, fetches = 1, crashes = 0, cancelled = [] } = setting;
  const rows = [11, 14];
  const bullpen = { batch: 'b1', rows, ...setting.bullpen };
  const { data = [1, 2, 3, 4].map((n) => ({ n })) } = setting;
  const job = fetchedJob({
    ...{ id: 'b-b1-11_14', name: 'shared.test', timestamp: 5, priority: 2, fetches, crashes, data },
    ...{ storedData: JSON.stringify(data), opts: { attempts: maxAttempts, bullpen } },
  });
  const active = new ActiveAttempts();
  const attempt = active.begin(job, leaseFor(job));
  const { lease } = attempt;
  const told: {
    notes: RowNote[];
    splits: (SplitRow & { crashesLeft: number | undefined })[];
    asked: number;
    /** After how many rows its job was no suspect any more. */
    acquittedAfter: number | undefined;
  } = { notes: [], splits: [], asked: 0, acquittedAfter: undefined };
  const redis = { answer: '1', refuses: undefined as Error | undefined, cancelled: new Set(cancelled) };
  const rowJobs = {
    async openRows(_: string, __: string, numbers: readonly number[]) {
      told.asked += 1;
      return setting.open ?? numbers;
    },
    async splitRows(_: unknown, splits: readonly SplitRow[], options: SplitOptions) {
      told.splits.push(...splits.map((split) => ({ ...split, crashesLeft: options.crashes })));
    },
  };
  const rowCalls = {
    async send(_: unknown, notes: readonly RowNote[]): Promise<boolean> {
      told.notes.push(...notes);
      return redis.answer === '1';
    },
  };
  const recorder = {
    async write<T>(_: unknown, send: () => Promise<T>): Promise<WriteResult<T>> {
      if (redis.refuses !== undefined) return { kind: 'refused', error: redis.refuses };
      return redis.answer === '1' ? { kind: 'written', value: await send() } : { kind: 'over', answer: 'lost' };
    },
  };
  const trials = {
    acquit(): void {
      told.acquittedAfter ??= told.notes.length;
    },
    mustMakeWay: () => told.notes.length >= (setting.makesWayAfter ?? Number.POSITIVE_INFINITY),
  };
  const cancellations = {
    mayBeCancelled: ({ jobId, batch }: ActiveAttempt) =>
      redis.cancelled.has(jobId) || redis.cancelled.has(`batch:${batch}`),
    isCancelled: async (attempt: ActiveAttempt) => cancellations.mayBeCancelled(attempt),
  };
  const quiet = (): void => undefined;
  const log = { isLevelEnabled: () => false, info: quiet, warn: quiet, error: quiet } as unknown as Logger;
  const observers = new Observers(log, (run) => run());
  const reported: string[] = [];
  observers.add((event) => {
    if (event.kind === 'attempt-ended') reported.push(`${event.jobId} ${event.outcome}`);
  });
  const handler = typeof run === 'function' ? handle(defined(setting.definition), run as never) : run?.handler;
  const sharedAttempt = new SharedAttempt({
    ...{ attempt, handler, rowCalls: rowCalls as unknown as RowCalls, onStuck: quiet },
    rowJobs: rowJobs as unknown as RowJobs,
    worker: {
      ...{
        active,
        recorder,
        trials,
        cancellations,
        log,
        observers,
        clock: setting.clock ?? hostClock,
        prefix: 'p',
        redis,
      },
      inContext: (run: () => unknown) => run(),
    } as unknown as WorkerDeps,
  });
  const fates = () => told.notes.map(({ row, fate }) => `${row} ${fate}`);
  return { sharedAttempt, active, attempt, lease, told, redis, fates, reported };
}

const all = (fate: string): string[] => [11, 12, 13, 14].map((row) => `${row} ${fate}`);

describe('a shared attempt', () => {
  it('attempts its rows one after the other, each under its own id, and records each before the next begins', async () => {
    const log: string[] = [];
    const setting = sharing(async ({ n }, { jobId, attempt }) => {
      log.push(`${jobId} ${n} of ${attempt} after ${setting.fates().length}`);
      await new Promise((resolve) => setImmediate(resolve));
    });
    expect(await setting.sharedAttempt.run()).toBe(true);
    expect(log).toEqual([
      ...['b-b1-11 1 of 1 after 0', 'b-b1-12 2 of 1 after 1', 'b-b1-13 3 of 1 after 2', 'b-b1-14 4 of 1 after 3'],
    ]);
    expect(setting.fates()).toEqual(all('completed'));
    expect(setting.told.asked).toBe(0);
    expect(setting.active.counts).toMatchObject({ completed: 4, failed: 0 });
  });

  it('gives a row that failed a job of its own, due after its backoff, and goes on with the other rows', async () => {
    const { sharedAttempt, told, fates, active, reported } = sharing(({ n }) => {
      if (n === 2) throw new Error('boom');
    });
    expect(await sharedAttempt.run()).toBe(true);
    expect(reported).toEqual([...['b-b1-11 completed', 'b-b1-12 failed', 'b-b1-13 completed', 'b-b1-14 completed']]);
    expect(fates()).toEqual(['11 completed', '13 completed', '14 completed']);
    expect(told.splits).toMatchObject([
      {
        row: 12,
        data: '{"n":2}',
        attemptsMade: 1,
        crashes: 0,
        failure: 'Error: boom',
        crashesLeft: undefined,
        due: { inMs: 5_000 },
      },
    ]);
    expect(active.counts).toMatchObject({ completed: 3, failed: 1 });
  });

  it('fails a row for good when it has only one attempt', async () => {
    const { sharedAttempt, told, fates } = sharing(
      ({ n }) => {
        if (n === 2) throw new Error('boom');
      },
      { maxAttempts: 1 },
    );
    expect(await sharedAttempt.run()).toBe(true);
    expect(fates()).toEqual(['11 completed', '12 failed', '13 completed', '14 completed']);
    expect(told.splits).toEqual([]);
  });

  it('gives a row that snoozes a job of its own, due at its time, and spends no attempt', async () => {
    const { sharedAttempt, told, active } = sharing(({ n }) => {
      if (n === 3) throw new JobSnoozed({ until: new Date(1_900_000_000_000) });
    });
    expect(await sharedAttempt.run()).toBe(true);
    expect(told.splits).toMatchObject([{ row: 13, due: { at: 1_900_000_000_000 }, attemptsMade: 0, failure: '' }]);
    expect(active.counts).toMatchObject({ completed: 3, snoozed: 1 });
  });

  it('rejects a row whose handler says so or whose payload does not fit, and no other row', async () => {
    const data = [{ n: 1 }, { n: 'x' }, { n: 3 }, { n: 4 }];
    const { sharedAttempt, fates } = sharing(
      ({ n }) => {
        if (n === 3) throw new JobRejected('never');
      },
      { data },
    );
    expect(await sharedAttempt.run()).toBe(true);
    expect(fates()).toEqual(['11 completed', '12 failed', '13 failed', '14 completed']);
  });

  it('rejects every row when there is no handler or the payloads are missing', async () => {
    const missing = sharing(undefined);
    expect(await missing.sharedAttempt.run()).toBe(true);
    expect(missing.fates()).toEqual(all('failed'));
    for (const data of [undefined, 'text', [{ n: 1 }]]) {
      const ran: number[] = [];
      const lost = sharing(({ n }) => void ran.push(n), { data: data ?? null });
      expect(await lost.sharedAttempt.run()).toBe(true);
      expect([lost.fates(), ran]).toEqual([all('failed'), []]);
    }
  });

  it('expires rows only by what Redis says now, as its clock may have been set back during the attempt', async () => {
    let time = 1_700_000_000_000;
    const clock = new RedisClock(async () => time);
    await clock.sync();
    const bullpen = { expiresAt: time + 3_600_000 };
    const setting = sharing(
      async ({ n }) => {
        // Set ahead, noticed, and set back.
        if (n !== 2) return;
        time += 7_200_000;
        await clock.sync();
        time -= 7_200_000;
      },
      { bullpen, clock },
    );
    expect(await setting.sharedAttempt.run()).toBe(true);
    expect(setting.fates()).toEqual(all('completed'));
  });

  it('makes way between two rows for a suspect that has to be alone', async () => {
    const { sharedAttempt, fates } = sharing(() => undefined, { makesWayAfter: 2 });
    expect([await sharedAttempt.run(), fates()]).toEqual([false, ['11 completed', '12 completed']]);
  });

  it('expires every row when the job waited too long', async () => {
    const ran: number[] = [];
    const { sharedAttempt, fates, told } = sharing(({ n }) => void ran.push(n), { bullpen: { expiresAt: 5 } });
    expect(await sharedAttempt.run()).toBe(true);
    expect([fates(), ran]).toEqual([all('failed'), []]);
    expect(told.notes[0]?.reason).toMatch(/^JobExpired/);
  });
});

describe('a shared attempt at a job that was fetched before', () => {
  it('attempts the rows that are still open, and no others', async () => {
    const ran: number[] = [];
    const { sharedAttempt, told } = sharing(({ n }) => void ran.push(n), { fetches: 2, open: [13, 14] });
    expect(await sharedAttempt.run()).toBe(true);
    expect([ran, told.asked, told.splits]).toEqual([[3, 4], 1, []]);
  });

  it('is done at once when no row is open', async () => {
    const { sharedAttempt, fates } = sharing(() => undefined, { fetches: 2, open: [], crashes: 1 });
    expect(await sharedAttempt.run()).toBe(true);
    expect(fates()).toEqual([]);
  });

  it('gives the row that ran when a process died a job of its own, and the crash counts for that row', async () => {
    const ran: number[] = [];
    const { sharedAttempt, told } = sharing(({ n }) => void ran.push(n), {
      fetches: 2,
      open: [12, 13, 14],
      crashes: 1,
    });
    expect(await sharedAttempt.run()).toBe(true);
    expect(told.splits).toMatchObject([{ row: 12, attemptsMade: 0, crashes: 1, failure: '', crashesLeft: 0 }]);
    expect(told.acquittedAfter).toBe(0);
    expect(ran).toEqual([3, 4]);
  });
});

describe('a shared attempt that has to stop', () => {
  it('begins no row when the worker drains, and asks for the job to be handed back', async () => {
    const ran: number[] = [];
    const setting = sharing(({ n }) => {
      ran.push(n);
      setting.active.startDraining();
    });
    expect(await setting.sharedAttempt.run()).toBe(false);
    expect([ran, setting.fates()]).toEqual([[1], ['11 completed']]);
    expect(setting.attempt.started).toBe(false);
  });

  it('leaves the running row open when it was interrupted', async () => {
    const setting = sharing(({ n }, { signal }) => {
      if (n < 3) return;
      setting.attempt.stop.abort(new WorkerDraining());
      throw signal.reason;
    });
    expect(await setting.sharedAttempt.run()).toBe(false);
    expect(setting.fates()).toEqual(['11 completed', '12 completed']);
    expect(setting.attempt.started).toBe(true);
  });

  it('says that the job is not ours any more when the lease was lost or Redis refuses an end', async () => {
    const lost = sharing(() => {
      lost.lease.lost = true;
      lost.attempt.stop.abandon(new LeaseLost());
    });
    expect(await lost.sharedAttempt.run()).toBeUndefined();
    expect(lost.fates()).toEqual([]);
    const ran: number[] = [];
    const refused = sharing(async ({ n }) => {
      ran.push(n);
      refused.redis.answer = '0';
      await new Promise((resolve) => setImmediate(resolve));
    });
    expect(await refused.sharedAttempt.run()).toBeUndefined();
    expect(ran.length).toBeLessThan(4);
  });

  it.each([
    ['has lapsed', { lapsed: true }],
    ['has run out, and nobody has noticed yet', { until: 0 }],
  ])('begins no row when its lease %s: another worker may have the job', async (_, change) => {
    const ran: number[] = [];
    const setting = sharing(({ n }) => {
      ran.push(n);
      Object.assign(setting.lease, change);
    });
    expect(await setting.sharedAttempt.run()).toBe(false);
    expect(ran).toEqual([1]);
  });
});

describe('a shared attempt whose handler changes its payloads', () => {
  const asItIs = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } } as const;

  const spoil: Run = (payload) => {
    if (payload.n !== 2) return;
    Object.assign(payload, { n: 9, itself: payload });
    throw new Error('boom');
  };

  it('keeps the payload that was enqueued for a row that failed', async () => {
    const { sharedAttempt, told, fates } = sharing(spoil, { maxAttempts: 1, definition: { payload: asItIs as never } });
    expect(await sharedAttempt.run()).toBe(true);
    expect(fates()).toEqual(['11 completed', '12 failed', '13 completed', '14 completed']);
    expect(readFailure(`reason\n${told.notes[1]?.text}`).payload).toMatchObject({ n: 2 });
  });

  it('attempts a row again with the payload that was enqueued', async () => {
    const { sharedAttempt, told } = sharing(spoil, { maxAttempts: 3, definition: { payload: asItIs as never } });
    expect(await sharedAttempt.run()).toBe(true);
    expect(told.splits.map(({ row, data }) => [row, data])).toEqual([[12, '{"n":2}']]);
  });
});

describe('a shared attempt of a batch that is cancelled', () => {
  it.each([['batch:b1'], ['b-b1-11_14']])('cancels every row, and begins none (%s)', async (id) => {
    const ran: number[] = [];
    const { sharedAttempt, fates, active } = sharing(({ n }) => void ran.push(n), { cancelled: [id] });
    expect(await sharedAttempt.run()).toBe(true);
    expect([ran, fates()]).toEqual([[], all('cancelled')]);
    expect(active.counts).toMatchObject({ completed: 0, failed: 4 });
  });

  it('keeps completed rows, and cancels the running row and all later ones', async () => {
    const setting = sharing(({ n }, { signal }) => {
      if (n < 2) return;
      setting.redis.cancelled.add('batch:b1');
      setting.attempt.stop.abort(new JobCancelled());
      throw signal.reason;
    });
    expect(await setting.sharedAttempt.run()).toBe(true);
    expect(setting.fates()).toEqual(['11 completed', '12 cancelled', '13 cancelled', '14 cancelled']);
  });
});

describe('a shared attempt by a handler of many', () => {
  const many = (run: (rows: readonly { id: string; payload: { n: number } }[]) => unknown) => ({
    handler: handleMany(defined(), run as never),
  });

  it('gives it all rows at once, and records each by its own outcome', async () => {
    const calls: string[][] = [];
    const { sharedAttempt, fates, told } = sharing(
      many((rows) => {
        calls.push(rows.map(({ id }) => id));
        return rows.map(({ payload: { n } }) =>
          n === 2 ? { status: 'rejected', reason: new Error('boom') } : { status: 'fulfilled', value: n },
        );
      }),
    );
    expect(await sharedAttempt.run()).toBe(true);
    expect(calls).toEqual([['b-b1-11', 'b-b1-12', 'b-b1-13', 'b-b1-14']]);
    expect(fates()).toEqual(['11 completed', '13 completed', '14 completed']);
    expect(told.splits.map(({ row }) => row)).toEqual([12]);
  });

  it('gives it the rows one by one after a crash, and suspects the first open row after the next', async () => {
    const calls: string[][] = [];
    const note = many((rows) => void calls.push(rows.map(({ id }) => id)));
    const first = sharing(note, { fetches: 2, crashes: 1 });
    expect(await first.sharedAttempt.run()).toBe(true);
    expect(calls).toEqual([['b-b1-11'], ['b-b1-12'], ['b-b1-13'], ['b-b1-14']]);
    expect(first.told.splits).toEqual([]);
    expect(first.lease.crashes).toBe(1);
    const second = sharing(note, { fetches: 3, crashes: 2, open: [13, 14] });
    expect(await second.sharedAttempt.run()).toBe(true);
    expect(second.told.splits).toMatchObject([{ row: 13, crashes: 2, crashesLeft: 1 }]);
    expect(second.lease.crashes).toBe(1);
    expect(second.fates()).toEqual(['14 completed']);
  });

  it('is handed back with all rows when it was interrupted', async () => {
    const setting = sharing(
      many(() => {
        setting.attempt.stop.abort(new WorkerDraining());
        throw new Error('aborted');
      }),
    );
    expect(await setting.sharedAttempt.run()).toBe(false);
    expect(setting.fates()).toEqual([]);
  });
});
