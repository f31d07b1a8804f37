import { defineJob, type Logger, WorkerDraining } from '@bullpen/shared';
import { RedisClock } from '@bullpen/shared/internal';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { fetchedJob, hostClock } from '../../test/fetched-job.js';
import { Observers } from '../events/observers.js';
import { type Context, handle } from '../handlers/handler.js';
import { ActiveAttempts } from '../in-flight/active-attempts.js';
import type { FetchedJob } from '../in-flight/fetched-job.js';
import type { Admission } from '../in-flight/trials.js';
import type { WorkerDeps } from '../in-flight/worker-deps.js';
import { Processor } from './processor.js';

const definition = defineJob({
  ...{ name: 'processor.test', queue: 'mail', payload: z.unknown(), maxAttempts: 4, timeout: '1s' },
  backoff: { type: 'fixed', delay: 5_000, jitter: 0 },
});

/** A processor whose gate answers with `admission`, and what it does outside. */
function processing(
  run: (payload: unknown, context: Context) => unknown = () => 'sent',
  admission: Admission | Promise<Admission> = 'attempt',
  clock: Pick<RedisClock, 'at' | 'latest' | 'sync'> = hostClock,
) {
  const called: unknown[] = [];
  const logged: string[] = [];
  const reported: string[] = [];
  const leftBehind: string[] = [];
  const trials = { isAlone: false, answer: 'attempt' as Admission, asked: [] as unknown[], acquitted: [] as string[] };
  const redis = { answer: '1', cancelled: new Set<string>(), whenAsked: (): void => undefined };
  const active = new ActiveAttempts();
  const quiet = (): void => undefined;
  const log = {
    ...{ isLevelEnabled: () => false, info: quiet, warn: quiet },
    error: (_: object, message: string) => void logged.push(message),
  } as unknown as Logger;
  const observers = new Observers(log, (run) => run());
  observers.add((event) => {
    if (event.kind === 'attempt-ended') reported.push(`${event.jobId} ${event.outcome}`);
  });
  const cancellations = {
    mayBeCancelled: ({ jobId }: { jobId: string }) => redis.cancelled.has(jobId),
    async isCancelled() {
      redis.whenAsked();
      return true;
    },
  };
  const recorder = { write: async () => ({ kind: 'over', answer: 'lost' }) };
  const connection = { bullpenSettleRows: async () => redis.answer };
  const handler = handle(definition, async (payload, context) => {
    called.push(payload);
    return run(payload, context);
  });
  const fetchWatch = { fetched: vi.fn() };
  const processor = new Processor({
    ...{ queue: 'mail', concurrency: 2, handlers: new Map([[definition.name, handler]]), fetchWatch },
    gate: { admit: () => admission } as never,
    lostFetches: { leaveBehind: ({ jobId }) => void leftBehind.push(jobId) },
    worker: {
      ...{ prefix: 'p', leaseMs: 10_000, redis: connection, active, cancellations, recorder, log, observers },
      clock,
      trials: {
        isAlone: false,
        admit(_: unknown, job: unknown, hasEnded: () => boolean) {
          trials.asked.push(hasEnded() ? 'has ended' : job);
          return trials.answer;
        },
        acquit: ({ jobId }: { jobId: string }) => void trials.acquitted.push(jobId),
        release: () => undefined,
        mustMakeWay: () => trials.isAlone,
      },
      inContext: (run: () => unknown) => run(),
    } as unknown as WorkerDeps,
  });
  const take = (more: Partial<FetchedJob> = {}) => processor.take(fetchedJob({ name: definition.name, ...more }));
  return { processor, take, active, called, logged, reported, leftBehind, redis, fetchWatch, trials };
}

const DRAINING = { outcome: { kind: 'interrupted', reason: 'draining' } };

describe('Processor', () => {
  it('takes a slot and begins an attempt with its lease when a job is fetched, and frees both at its release', () => {
    const { processor, take, active } = processing();
    const attempt = take({ token: 't7', fetches: 3 });
    expect(attempt).toMatchObject({ jobId: 'j-1', started: false, lease: { token: 't7', fetches: 3 } });
    expect([processor.underWay, active.size]).toEqual([1, 1]);
    attempt.confirm();
    processor.release(attempt);
    expect([processor.underWay, active.size]).toEqual([0, 0]);
  });

  it('tells the fetch watch of each answered fetch', () => {
    const { processor, fetchWatch } = processing();
    processor.fetchAnswered();
    expect(fetchWatch.fetched).toHaveBeenCalledOnce();
  });

  it('leaves a job alone for a lease whose end was not recorded, unless its lease was lost', () => {
    const { processor, take, leftBehind } = processing();
    const [unrecorded, recorded, lost] = [take({ id: 'unrecorded' }), take({ id: 'recorded' }), take({ id: 'lost' })];
    recorded.confirm();
    lost.lease.lost = true;
    for (const attempt of [unrecorded, recorded, lost]) processor.release(attempt);
    expect(leftBehind).toEqual(['unrecorded']);
  });

  it('attempts a job that the gate lets in, reports its outcome and ends with it', async () => {
    const { processor, take, called, reported } = processing();
    const attempt = take({ data: { to: 'x' } });
    expect(await processor.attempt(attempt)).toMatchObject({ outcome: { kind: 'completed', result: 'sent' } });
    expect([called, reported]).toEqual([[{ to: 'x' }], ['j-1 completed']]);
    expect(attempt).toMatchObject({ started: true, outcome: 'completed' });
  });

  it.each<Admission | Promise<Admission>>(['hand back', Promise.resolve('hand back' as const)])(
    'hands back a job when the gate says so, without a start: %s',
    async (admission) => {
      const { processor, take, called, reported } = processing(undefined, admission);
      const attempt = take();
      expect(await processor.attempt(attempt)).toMatchObject(DRAINING);
      expect([attempt.started, called, reported]).toEqual([false, [], []]);
    },
  );

  it('leaves a job when the gate says so: nothing is recorded', async () => {
    const { processor, take, called, reported } = processing(undefined, Promise.resolve('leave'));
    const attempt = take();
    expect(await processor.attempt(attempt)).toBeUndefined();
    expect([attempt.started, attempt.outcome, called, reported]).toEqual([false, 'interrupted', [], []]);
  });

  it('cancels a job that was cancelled while it waited, and does not call the handler', async () => {
    const { processor, take, called, reported, redis } = processing();
    redis.cancelled.add('j-1');
    expect(await processor.attempt(take())).toMatchObject({ outcome: { kind: 'cancelled' } });
    expect([called, reported]).toEqual([[], ['j-1 cancelled']]);
  });

  it('hands back a job when the worker began to drain while Redis was asked about its cancellation', async () => {
    const { processor, take, active, called, redis } = processing();
    redis.cancelled.add('j-1');
    redis.whenAsked = () => active.startDraining();
    expect(await processor.attempt(take())).toMatchObject(DRAINING);
    expect(called).toEqual([]);
  });

  it('expires a job only by what Redis says now, as its clock may have been set back since it was asked', async () => {
    let time = 1_700_003_600_000;
    const clock = new RedisClock(async () => time);
    await clock.sync();
    time -= 3_600_000;
    const { processor, take, called, reported } = processing(undefined, 'attempt', clock);
    const opts = { bullpen: { expiresAt: time + 60_000 } };
    await processor.attempt(take({ id: 'in-time', fetchedAt: time, opts }));
    const fetchedAt = time;
    time += 120_000;
    await clock.sync();
    await processor.attempt(take({ id: 'late', fetchedAt, opts }));
    expect([reported, called]).toEqual([['in-time completed', 'late expired'], [{}]]);
  });

  it('hands back a job when the worker began to drain while Redis was asked about its expiry', async () => {
    const clock = { at: () => 2, latest: () => 2, sync: async () => active.startDraining() };
    const { processor, take, active, called } = processing(undefined, 'attempt', clock);
    const attempt = take({ fetchedAt: 0, opts: { bullpen: { expiresAt: 1 } } });
    expect([await processor.attempt(attempt), called]).toEqual([expect.objectContaining(DRAINING), []]);
  });

  it('takes the policy of the definition for a job that was stored without one', async () => {
    const { processor, take } = processing(() => Promise.reject(new Error('boom')));
    const attempt = take({ opts: {} });
    expect(await processor.attempt(attempt)).toMatchObject({ outcome: { kind: 'failed' }, retryInMs: 5_000 });
    expect(attempt.maxAttempts).toBe(4);
    const last = take({ opts: {}, attemptsMade: 3 });
    expect((await processor.attempt(last))?.retryInMs).toBeUndefined();
  });

  it('rejects a job that has no handler here', async () => {
    const { processor, take } = processing();
    expect(await processor.attempt(take({ name: 'unknown' }))).toMatchObject({
      outcome: { kind: 'rejected', error: { message: "no handler for job 'unknown'" } },
    });
  });

  it('reports an attempt whose lease was lost meanwhile, but records nothing', async () => {
    const { processor, take, reported } = processing(() => {
      attempt.lease.lost = true;
    });
    const attempt = take();
    expect(await processor.attempt(attempt)).toBeUndefined();
    expect(reported).toEqual(['j-1 completed']);
  });

  it('marks and logs an attempt that still runs 3 s after its deadline', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let end: (() => void) | undefined;
    const { processor, take, logged } = processing(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    const attempt = take();
    const ending = processor.attempt(attempt);
    await vi.advanceTimersByTimeAsync(3_999);
    expect([attempt.stuck, logged]).toEqual([false, []]);
    await vi.advanceTimersByTimeAsync(10);
    expect([attempt.stuck, logged]).toEqual([true, ['attempt is stuck: past its deadline and still running']]);
    end?.();
    expect(await ending).toMatchObject({ outcome: { kind: 'failed', error: { name: 'DeadlineExceeded' } } });
  });
});

describe('Processor with a shared job', () => {
  const bullpen = { batch: 'b1', rows: [1, 2] };
  const shared = { id: 'b-b1-1_2', data: [{ n: 1 }, { n: 2 }], opts: { attempts: 3, bullpen } };

  it('completes the job when its rows are settled: each was reported, and the job is removed', async () => {
    const { processor, take, called, reported } = processing();
    expect(await processor.attempt(take(shared))).toEqual({
      ...{ outcome: { kind: 'completed', result: undefined }, notes: { batch: 'b1' } },
    });
    expect([called, reported]).toEqual([
      [{ n: 1 }, { n: 2 }],
      ['b-b1-1 completed', 'b-b1-2 completed'],
    ]);
  });

  it('hands the job back when rows are left because the worker drains', async () => {
    const { processor, take, active, called } = processing(() => active.startDraining());
    expect(await processor.attempt(take(shared))).toMatchObject(DRAINING);
    expect(called).toEqual([{ n: 1 }]);
  });

  it('hands the job back when rows are left because a suspect has to be alone', async () => {
    const { processor, take, called, trials } = processing(() => {
      trials.isAlone = true;
    });
    const putOff = { outcome: { kind: 'interrupted', reason: 'put off' }, isPutOff: false };
    expect([await processor.attempt(take(shared)), called]).toEqual([putOff, [{ n: 1 }]]);
  });

  it('records nothing when Redis says that the job is not ours any more', async () => {
    const { processor, take, redis, called } = processing();
    redis.answer = '0';
    const attempt = take(shared);
    expect(await processor.attempt(attempt)).toBeUndefined();
    expect([called, attempt.outcome]).toEqual([[{ n: 1 }], 'interrupted']);
  });

  it('acquits a suspect whose handler ended, and none that is handed back', async () => {
    const { processor, take, trials } = processing();
    await processor.attempt(take({ suspectMs: 5 }));
    expect([trials.acquitted, trials.asked]).toEqual([['j-1'], [definition]]);
    const stopped = processing(
      (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    const attempt = stopped.take({ suspectMs: 5 });
    const attempted = stopped.processor.attempt(attempt);
    attempt.stop.abort(new WorkerDraining());
    await attempted;
    expect(stopped.trials.acquitted).toEqual([]);
  });

  it.each([
    ['put off', { outcome: { reason: 'put off' }, isPutOff: true }],
    ['hand back', { outcome: { reason: 'put off' }, isPutOff: false }],
    ['leave', undefined],
  ] as const)('does not start a job that the trials %s', async (answer, ending) => {
    const { processor, take, called, active, trials } = processing();
    trials.answer = answer;
    const attempt = take();
    const ended = await processor.attempt(attempt);
    if (ending === undefined) expect(ended).toBeUndefined();
    else expect(ended).toMatchObject(ending);
    expect(called).toEqual([]);
    attempt.confirm();
    processor.release(attempt);
    expect(active.counts.putOff).toBe(ending === undefined ? 0 : 1);
  });

  it('tries no suspect that has crashed too often: its handler does not run', async () => {
    const { processor, take, trials } = processing();
    await processor.attempt(take({ suspectMs: 5, crashes: definition.maxCrashes }));
    expect(trials.asked).toEqual([undefined]);
  });

  it('tells the trials when the handler of a suspect will not run, because its job is cancelled or has expired', async () => {
    const { processor, take, trials, redis } = processing();
    redis.cancelled.add('j-2');
    await processor.attempt(take({ id: 'j-2', suspectMs: 5 }));
    await processor.attempt(take({ id: 'j-3', suspectMs: 5, opts: { bullpen: { expiresAt: 5 } } }));
    await processor.attempt(take({ id: 'j-4', suspectMs: 5 }));
    expect(trials.asked).toEqual(['has ended', 'has ended', definition]);
  });
});
