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
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fetchedJob, leaseFor } from '../../test/fetched-job.js';
import type { AttemptStop } from '../attempt/attempt-stop.js';
import type { RowNote } from '../attempt/row-note.js';
import { Observers } from '../events/observers.js';
import { type Context, type Handler, handle, handleMany } from '../handlers/handler.js';
import { ActiveAttempts } from '../in-flight/active-attempts.js';
import type { Cancellable } from '../in-flight/cancellations.js';
import type { Carried } from '../in-flight/recorder.js';
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
  /** The rows that Redis says are still open, of a job that was fetched before. */
  readonly open?: readonly number[];
  readonly data?: unknown;
  readonly bullpen?: object;
  /** Who is noted as cancelled: the job, or its batch. */
  readonly cancelled?: readonly string[];
  readonly definition?: Partial<JobOptions>;
}

type Run = (payload: { n: number }, context: Context) => unknown;

/**
 * An attempt at the four rows 11 to 14 of batch b1, over a Redis that takes everything; and what it
 * was told.
 */
function sharing(run: Run | Handler | undefined, setting: Setting = {}) {
  const { maxAttempts = 3, fetches = 1, crashes = 0, cancelled = [] } = setting;
  const rows = [11, 14];
  const bullpen = { batch: 'b1', rows, ...setting.bullpen };
  const { data = [1, 2, 3, 4].map((n) => ({ n })) } = setting;
  const job = fetchedJob({
    ...{ id: 'b-b1-11_14', name: 'shared.test', timestamp: 5, priority: 2, fetches, crashes, data },
    ...{ storedData: JSON.stringify(data), opts: { attempts: maxAttempts, bullpen } },
  });
  const active = new ActiveAttempts();
  const entry = active.begin(job, leaseFor(job));
  const { lease } = entry;
  const told: { notes: RowNote[]; splits: (SplitRow & { crashesLeft: number | undefined })[]; asked: number } = {
    ...{ notes: [], splits: [], asked: 0 },
  };
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
    async carry<T>(_: unknown, write: () => Promise<T>): Promise<Carried<T>> {
      if (redis.refuses !== undefined) return { kind: 'refused', error: redis.refuses };
      return redis.answer === '1' ? { kind: 'written', value: await write() } : { kind: 'over', answer: 'lost' };
    },
  };
  const cancellations = {
    suspects: ({ jobId, batch }: Cancellable) => redis.cancelled.has(jobId) || redis.cancelled.has(`batch:${batch}`),
    async stopIfNoted(attempt: Cancellable, stop: AttemptStop) {
      if (cancellations.suspects(attempt)) stop.abort(new JobCancelled());
    },
  };
  const quiet = (): void => undefined;
  const log = { isLevelEnabled: () => false, info: quiet, warn: quiet, error: quiet } as unknown as Logger;
  const observers = new Observers(log);
  const reported: string[] = [];
  observers.add((event) => {
    if (event.kind === 'attempt-ended') reported.push(`${event.jobId} ${event.outcome}`);
  });
  const handler = typeof run === 'function' ? handle(defined(setting.definition), run as never) : run;
  const attempt = new SharedAttempt({
    ...{ attempt: entry, handler, rowCalls: rowCalls as unknown as RowCalls, onStuck: quiet },
    rowJobs: rowJobs as unknown as RowJobs,
    shared: { active, recorder, cancellations, log, observers, prefix: 'p', redis } as unknown as WorkerDeps,
  });
  const fates = () => told.notes.map(({ row, fate }) => `${row} ${fate}`);
  return { attempt, active, entry, lease, told, redis, fates, reported };
}

const all = (fate: string): string[] => [11, 12, 13, 14].map((row) => `${row} ${fate}`);

describe('a shared attempt', () => {
  it('attempts its rows one after the other, each under its own id, and settles each before the next begins', async () => {
    const log: string[] = [];
    const setting = sharing(async ({ n }, { jobId, attempt }) => {
      log.push(`${jobId} ${n} of ${attempt} after ${setting.fates().length}`);
      await new Promise((resolve) => setImmediate(resolve));
    });
    expect(await setting.attempt.run()).toBe(true);
    expect(log).toEqual([
      ...['b-b1-11 1 of 1 after 0', 'b-b1-12 2 of 1 after 1', 'b-b1-13 3 of 1 after 2', 'b-b1-14 4 of 1 after 3'],
    ]);
    expect(setting.fates()).toEqual(all('completed'));
    expect(setting.told.asked).toBe(0);
    expect(setting.active.tally).toMatchObject({ completed: 4, failed: 0 });
  });

  it('gives a row that failed a job of its own, due after its backoff, its neighbours go on', async () => {
    const before = Date.now();
    const { attempt, told, fates, active, reported } = sharing(({ n }) => {
      if (n === 2) throw new Error('boom');
    });
    expect(await attempt.run()).toBe(true);
    expect(reported).toEqual([...['b-b1-11 completed', 'b-b1-12 failed', 'b-b1-13 completed', 'b-b1-14 completed']]);
    expect(fates()).toEqual(['11 completed', '13 completed', '14 completed']);
    expect(told.splits).toMatchObject([
      { row: 12, data: '{"n":2}', attemptsMade: 1, crashes: 0, failure: 'Error: boom', crashesLeft: undefined },
    ]);
    expect(told.splits[0]?.dueAt).toBeGreaterThanOrEqual(before + 5_000);
    expect(active.tally).toMatchObject({ completed: 3, failed: 1 });
  });

  it('has a row failed for good when it may be attempted once only', async () => {
    const { attempt, told, fates } = sharing(
      ({ n }) => {
        if (n === 2) throw new Error('boom');
      },
      { maxAttempts: 1 },
    );
    expect(await attempt.run()).toBe(true);
    expect(fates()).toEqual(['11 completed', '12 failed', '13 completed', '14 completed']);
    expect(told.splits).toEqual([]);
  });

  it('lets a row that snoozes leave until its time, its attempt unspent', async () => {
    const { attempt, told, active } = sharing(({ n }) => {
      if (n === 3) throw new JobSnoozed(1_900_000_000_000);
    });
    expect(await attempt.run()).toBe(true);
    expect(told.splits).toMatchObject([{ row: 13, dueAt: 1_900_000_000_000, attemptsMade: 0, failure: '' }]);
    expect(active.tally).toMatchObject({ completed: 3, snoozed: 1 });
  });

  it('rejects a row that says so or does not fit, and no other', async () => {
    const data = [{ n: 1 }, { n: 'x' }, { n: 3 }, { n: 4 }];
    const { attempt, fates } = sharing(
      ({ n }) => {
        if (n === 3) throw new JobRejected('never');
      },
      { data },
    );
    expect(await attempt.run()).toBe(true);
    expect(fates()).toEqual(['11 completed', '12 failed', '13 failed', '14 completed']);
  });

  it('rejects every row when there is no handler, or the payloads are not there', async () => {
    const missing = sharing(undefined);
    expect(await missing.attempt.run()).toBe(true);
    expect(missing.fates()).toEqual(all('failed'));
    for (const data of [undefined, 'text', [{ n: 1 }]]) {
      const ran: number[] = [];
      const lost = sharing(({ n }) => void ran.push(n), { data: data ?? null });
      expect(await lost.attempt.run()).toBe(true);
      expect([lost.fates(), ran]).toEqual([all('failed'), []]);
    }
  });

  it('lets every row expire when the job waited too long', async () => {
    const ran: number[] = [];
    const { attempt, fates, told } = sharing(({ n }) => void ran.push(n), { bullpen: { expiresAt: 5 } });
    expect(await attempt.run()).toBe(true);
    expect([fates(), ran]).toEqual([all('failed'), []]);
    expect(told.notes[0]?.reason).toMatch(/^JobExpired/);
  });
});

describe('a shared attempt at a job that was fetched before', () => {
  it('attempts the rows that are still open, and no other', async () => {
    const ran: number[] = [];
    const { attempt, told } = sharing(({ n }) => void ran.push(n), { fetches: 2, open: [13, 14] });
    expect(await attempt.run()).toBe(true);
    expect([ran, told.asked, told.splits]).toEqual([[3, 4], 1, []]);
  });

  it('is done at once when none is', async () => {
    const { attempt, fates } = sharing(() => undefined, { fetches: 2, open: [], crashes: 1 });
    expect(await attempt.run()).toBe(true);
    expect(fates()).toEqual([]);
  });

  it('gives the row that was in hand when a process died a job of its own, with the crash on its account', async () => {
    const ran: number[] = [];
    const { attempt, told } = sharing(({ n }) => void ran.push(n), { fetches: 2, open: [12, 13, 14], crashes: 1 });
    expect(await attempt.run()).toBe(true);
    expect(told.splits).toMatchObject([{ row: 12, attemptsMade: 0, crashes: 1, failure: '', crashesLeft: 0 }]);
    expect(ran).toEqual([3, 4]);
  });
});

describe('a shared attempt that has to stop', () => {
  it('begins no row when the worker drains, and is to be handed back', async () => {
    const ran: number[] = [];
    const setting = sharing(({ n }) => {
      ran.push(n);
      setting.active.startDraining();
    });
    expect(await setting.attempt.run()).toBe(false);
    expect([ran, setting.fates()]).toEqual([[1], ['11 completed']]);
    expect(setting.entry.started).toBe(false);
  });

  it('leaves the row in hand open when it was interrupted', async () => {
    const setting = sharing(({ n }, { signal }) => {
      if (n < 3) return;
      setting.entry.stop.abort(new WorkerDraining());
      throw signal.reason;
    });
    expect(await setting.attempt.run()).toBe(false);
    expect(setting.fates()).toEqual(['11 completed', '12 completed']);
    expect(setting.entry.started).toBe(true);
  });

  it('says that the job is not its own any more, when the lease was lost or Redis would take no end', async () => {
    const lost = sharing(() => {
      lost.lease.lost = true;
      lost.entry.stop.abandon(new LeaseLost());
    });
    expect(await lost.attempt.run()).toBeUndefined();
    expect(lost.fates()).toEqual([]);
    const ran: number[] = [];
    const refused = sharing(async ({ n }) => {
      ran.push(n);
      refused.redis.answer = '0';
      await new Promise((resolve) => setImmediate(resolve));
    });
    expect(await refused.attempt.run()).toBeUndefined();
    expect(ran.length).toBeLessThan(4);
  });

  it('begins no row when its lease has run out: it may be another worker’s', async () => {
    const ran: number[] = [];
    const setting = sharing(({ n }) => {
      ran.push(n);
      setting.lease.lapsed = true;
    });
    expect(await setting.attempt.run()).toBe(false);
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

  it('keeps the one that was enqueued of a row that failed', async () => {
    const { attempt, told, fates } = sharing(spoil, { maxAttempts: 1, definition: { payload: asItIs as never } });
    expect(await attempt.run()).toBe(true);
    expect(fates()).toEqual(['11 completed', '12 failed', '13 completed', '14 completed']);
    expect(JSON.parse(told.notes[1]?.text ?? '')).toMatchObject({ payload: { n: 2 } });
  });

  it('attempts a row again with the one that was enqueued', async () => {
    const { attempt, told } = sharing(spoil, { maxAttempts: 3, definition: { payload: asItIs as never } });
    expect(await attempt.run()).toBe(true);
    expect(told.splits.map(({ row, data }) => [row, data])).toEqual([[12, '{"n":2}']]);
  });
});

describe('a shared attempt of a batch that is cancelled', () => {
  it.each([['batch:b1'], ['b-b1-11_14']])('settles every row as cancelled, and begins none (%s)', async (id) => {
    const ran: number[] = [];
    const { attempt, fates, active } = sharing(({ n }) => void ran.push(n), { cancelled: [id] });
    expect(await attempt.run()).toBe(true);
    expect([ran, fates()]).toEqual([[], all('cancelled')]);
    expect(active.tally).toMatchObject({ completed: 0, failed: 4 });
  });

  it('keeps what is completed, cancels the row in hand and all behind it', async () => {
    const setting = sharing(({ n }, { signal }) => {
      if (n < 2) return;
      setting.redis.cancelled.add('batch:b1');
      setting.entry.stop.abort(new JobCancelled());
      throw signal.reason;
    });
    expect(await setting.attempt.run()).toBe(true);
    expect(setting.fates()).toEqual(['11 completed', '12 cancelled', '13 cancelled', '14 cancelled']);
  });
});

describe('a shared attempt by a handler of many', () => {
  const many = (run: (rows: readonly { id: string; payload: { n: number } }[]) => unknown): Handler =>
    handleMany(defined(), run as never);

  it('hands it all rows at once, and settles each as it says', async () => {
    const calls: string[][] = [];
    const { attempt, fates, told } = sharing(
      many((rows) => {
        calls.push(rows.map(({ id }) => id));
        return rows.map(({ payload: { n } }) =>
          n === 2 ? { status: 'rejected', reason: new Error('boom') } : { status: 'fulfilled', value: n },
        );
      }),
    );
    expect(await attempt.run()).toBe(true);
    expect(calls).toEqual([['b-b1-11', 'b-b1-12', 'b-b1-13', 'b-b1-14']]);
    expect(fates()).toEqual(['11 completed', '13 completed', '14 completed']);
    expect(told.splits.map(({ row }) => row)).toEqual([12]);
  });

  it('hands it the rows one by one after a crash, and suspects the first open one at the next', async () => {
    const calls: string[][] = [];
    const note = many((rows) => void calls.push(rows.map(({ id }) => id)));
    const first = sharing(note, { fetches: 2, crashes: 1 });
    expect(await first.attempt.run()).toBe(true);
    expect(calls).toEqual([['b-b1-11'], ['b-b1-12'], ['b-b1-13'], ['b-b1-14']]);
    expect(first.told.splits).toEqual([]);
    expect(first.lease.crashes).toBe(1);
    const second = sharing(note, { fetches: 3, crashes: 2, open: [13, 14] });
    expect(await second.attempt.run()).toBe(true);
    expect(second.told.splits).toMatchObject([{ row: 13, crashes: 2, crashesLeft: 1 }]);
    expect(second.lease.crashes).toBe(1);
    expect(second.fates()).toEqual(['14 completed']);
  });

  it('is handed back whole when it was interrupted', async () => {
    const setting = sharing(
      many(() => {
        setting.entry.stop.abort(new WorkerDraining());
        throw new Error('aborted');
      }),
    );
    expect(await setting.attempt.run()).toBe(false);
    expect(setting.fates()).toEqual([]);
  });
});
