import { EventEmitter } from 'node:events';
import type { Redis } from '@bullpen/shared/internal';
import type { JobJson } from 'bullmq';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fetchedJob, hostClock, leaseFor, outcomeOf } from '../../test/fetched-job.js';
import { ActiveAttempt, type Ending } from '../in-flight/active-attempt.js';
import type { FetchedJob } from '../in-flight/fetched-job.js';
import type { JobTaker } from '../in-flight/job-source.js';
import type { Recorder } from '../in-flight/recorder.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { Outage } from '../redis/outage.js';
import type { SideConnections } from '../redis/side-connections.js';
import type { NextJob } from './backend.js';
import type { BullmqJob } from './bullmq-job.js';
import { BullmqWorker } from './bullmq-worker.js';

/** A connection that never becomes ready: BullMQ waits for it and sends nothing. */
function connection(): EventEmitter {
  const quiet = (): void => undefined;
  return Object.assign(new EventEmitter(), {
    ...{
      status: 'connecting',
      options: {},
      connect: quiet,
      disconnect: quiet,
      defineCommand: quiet,
      zadd: async () => 1,
    },
    duplicate: connection,
  });
}

const fieldsOf = (more: Partial<JobJson> = {}): JobJson =>
  ({
    ...{ id: '', name: 'mail.send', data: '{"to":"x"}', opts: '{"attempts":3}', progress: '0', timestamp: '5' },
    ...{ attemptsMade: '0', ats: 1, stc: 0, ...more },
  }) as unknown as JobJson;

const nextJob = (id: string): NextJob => [fieldsOf(), id, 0, 0] as unknown as NextJob;
const NO_JOB = [undefined, undefined, 0, 0] as unknown as NextJob;

/** What a test chooses of a worker on queue mail. */
interface Setting {
  /** How the taker ends an attempt; without it the job is not ours any more. */
  readonly end?: (attempt: ActiveAttempt) => Ending | undefined;
  /** The ids of the jobs that fetches bring, one after the other. */
  readonly fetches?: (string | Error)[];
  readonly malformed?: string;
  /** Whether the recorder gives up. */
  readonly isLost?: boolean;
  /** Whether the recorder throws. */
  readonly isBroken?: boolean;
}

/** A worker without a connection, and what its taker, store and recorder were told, in order. */
function working({ end, fetches = [], malformed, isLost = false, isBroken = false }: Setting = {}) {
  const told: string[] = [];
  const taker = {
    isHeld: false as boolean,
    fetchAnswered: () => void told.push('answered'),
    take(job: FetchedJob): ActiveAttempt {
      told.push(`take ${job.id}`);
      return new ActiveAttempt(job, leaseFor(job));
    },
    async attempt(attempt: ActiveAttempt) {
      told.push(`attempt ${attempt.jobId}`);
      return end?.(attempt);
    },
    release: ({ jobId }: ActiveAttempt) => void told.push(`release ${jobId}`),
  } satisfies JobTaker;
  /**
   * The errors that the recorder met. It takes each for final where something can be sent instead.
   */
  const refusals: unknown[] = [];
  const recorder = {
    async record<T>(_: ActiveAttempt, send: () => Promise<T>, instead?: (reason: string) => Promise<T>) {
      told.push('recorder');
      if (isBroken) throw new Error('a bug');
      if (isLost) return undefined;
      return send().catch((error: Error) => {
        refusals.push(error);
        return instead === undefined ? send() : instead(error.message);
      });
    },
  };
  const redis = connection();
  const quiet = { info: () => undefined, warn: () => undefined } as never;
  const worker = new BullmqWorker(
    'mail',
    { connection: redis as unknown as Redis, prefix: 'p' },
    {
      ...{ redis: redis as unknown as ScriptedRedis, clock: hostClock, taker },
      recorder: recorder as unknown as Recorder,
      leases: { renewQueue: () => undefined },
      settings: { refresh: async () => undefined },
      retention: {
        keep: () => ({ count: 1, age: 60 }),
        failedRemoved: () => undefined,
      },
      completionCalls: { add: async () => [0, null] },
      outage: new Outage(redis as unknown as Redis, 'redis://host', quiet),
      stallCheck: { check: async () => [] },
      connections: { watch: () => ({ close: () => undefined }) } as unknown as SideConnections,
      malformedJobs: { makeParsable: async () => malformed },
    },
  );
  worker.on('error', () => undefined);
  const { backend } = worker;
  const store = {
    fetch: vi.spyOn(backend, 'fetch').mockImplementation(async () => {
      told.push('fetch');
      const id = fetches.shift();
      if (id instanceof Error) throw id;
      return id === undefined ? NO_JOB : nextJob(id);
    }),
    complete: vi.spyOn(backend, 'complete').mockImplementation(async () => {
      told.push('complete');
      return nextJob('next');
    }),
    fail: vi.spyOn(backend, 'fail').mockImplementation(async () => {
      told.push('fail');
      return NO_JOB;
    }),
    handBack: vi.spyOn(backend, 'handBack').mockImplementation(async () => void told.push('hand back')),
  };
  vi.spyOn(backend, 'getJobData').mockImplementation(async () => fieldsOf());
  /** Attempts job j-1, records its end and releases it. */
  const processed = async (more: object = {}, fetchNext = true) => {
    const job = Object.assign(worker['createJob'](fieldsOf(), 'j-1'), { token: 't1', ...more });
    const attempt = new ActiveAttempt(fetchedJob(), leaseFor());
    job.attempt = attempt;
    const next = (await worker.processJob(job, 't1', () => fetchNext)) as BullmqJob | undefined;
    return { next, attempt, job };
  };
  return { worker, taker, told, store, refusals, processed };
}

const completes = (attempt: ActiveAttempt): Ending => attempt.end({ kind: 'completed', result: 1 });

describe('BullmqWorker', () => {
  it('attempts a job, records its end, and takes the next job before it releases the first', async () => {
    const { told, store, processed } = working({ end: completes });
    const { next, attempt, job } = await processed();
    expect(told).toEqual(['attempt j-1', 'complete', 'answered', 'take next', 'release j-1']);
    expect(store.complete).toHaveBeenCalledWith(expect.anything(), 1, { fetchNext: true, isAgain: false });
    expect(attempt.confirmed).toBe(true);
    expect([next?.id, next?.token, next?.attempt?.jobId, next?.stored]).toEqual(['next', 't2', 'next', '{"to":"x"}']);
    expect(job.attempt).toBeUndefined();
  });

  it('fetches no next job when BullMQ does not ask for one, nor while it closes', async () => {
    const { worker, store, processed } = working({ end: completes });
    await processed({}, false);
    worker.closing = Promise.resolve();
    await processed();
    expect(store.complete.mock.calls.map(([, , options]) => options.fetchNext)).toEqual([false, false]);
  });

  it('refuses a job that was not taken', async () => {
    const { worker } = working();
    const job = worker['createJob'](fieldsOf(), 'j-1');
    await expect(worker.processJob(job, 't1')).rejects.toThrow('job j-1 was not taken');
  });

  it('records nothing for a job that is not ours any more, and fetches another', async () => {
    const { told, processed } = working({ fetches: ['j-2'] });
    expect((await processed()).next?.id).toBe('j-2');
    expect(told).toEqual(['attempt j-1', 'fetch', 'answered', 'take j-2', 'release j-1']);
  });

  it('fails a job whose taker throws', async () => {
    const { store, processed } = working({
      end() {
        throw new Error('a bug');
      },
    });
    await processed();
    expect(store.fail.mock.calls[0]?.[1].outcome).toMatchObject({ kind: 'failed', error: { message: 'a bug' } });
  });

  it('fails and releases a job whose end cannot be noted', async () => {
    const { told, store, processed } = working({
      end(attempt) {
        attempt.end = () => {
          throw new RangeError('too deep');
        };
        return attempt.end(outcomeOf('failed'));
      },
    });
    await processed();
    expect(told).toEqual(['attempt j-1', 'fail', 'release j-1']);
    expect(store.fail.mock.calls[0]?.[1].outcome).toMatchObject({ kind: 'failed', error: { message: 'too deep' } });
  });

  it('reports what throws while an end is recorded, and releases the job: BullMQ’s loop would hang', async () => {
    const { worker, told, store, processed } = working({ end: completes, isBroken: true });
    const errors: string[] = [];
    worker.on('error', ({ message }) => void errors.push(message));
    store.complete.mockRejectedValueOnce(new Error('READONLY'));
    const { next, attempt } = await processed();
    expect([next, attempt.confirmed, errors]).toEqual([undefined, false, ['a bug']]);
    expect(told).toEqual(['attempt j-1', 'recorder', 'release j-1']);
  });

  it('hands back through the recorder, and then fetches another job', async () => {
    const { told, processed } = working({ end: (attempt) => attempt.end(outcomeOf('interrupted')) });
    await processed();
    expect(told).toEqual(['attempt j-1', 'recorder', 'hand back', 'fetch', 'answered', 'release j-1']);
  });

  it.each(['interrupted', 'snoozed'] as const)(
    'does not fail a job that was %s when recording is given up',
    async (kind) => {
      const { told, processed } = working({ isLost: true, end: (attempt) => attempt.end(outcomeOf(kind)) });
      expect((await processed()).attempt.confirmed).toBe(false);
      expect(told).toEqual(['attempt j-1', 'recorder', 'fetch', 'answered', 'release j-1']);
    },
  );

  it('gives the first error to the recorder, and sends a failure again in a call of its own', async () => {
    const { store, refusals, processed } = working({ end: (attempt) => attempt.end(outcomeOf('failed')) });
    store.fail.mockRejectedValueOnce(new Error('READONLY'));
    await processed();
    expect([refusals, store.fail.mock.calls.length]).toEqual([[new Error('READONLY')], 2]);
  });

  it('fails a job for good when Redis refuses to record its success, and says why', async () => {
    const { store, processed } = working({ end: completes });
    store.complete.mockRejectedValueOnce(new Error('Job has pending children'));
    await processed();
    expect(store.fail.mock.calls[0]?.[1]).toMatchObject({
      outcome: {
        kind: 'failed',
        error: { message: 'the handler succeeded, but Redis refused to record it: Job has pending children' },
      },
      isFinal: true,
    });
  });

  it('does not attempt a job that BullMQ has decided to fail', async () => {
    const { told, store, processed } = working();
    await processed({ deferredFailure: 'child j-0 failed' });
    expect(told).toEqual(['fail', 'release j-1']);
    expect(store.fail.mock.calls[0]?.[1]).toMatchObject({
      ...{ outcome: { error: { message: 'child j-0 failed' } }, isFinal: true },
    });
  });

  it('takes a malformed job that a fetch brought, after it was made parsable', async () => {
    const { told, processed } = working({ fetches: [new SyntaxError('Unexpected token')], malformed: 'bad' });
    expect((await processed()).next?.id).toBe('bad');
    expect(told).toEqual(['attempt j-1', 'fetch', 'answered', 'take bad', 'release j-1']);
  });

  it('takes a malformed job that came with a record: the end was recorded', async () => {
    const { store, told, processed } = working({ end: completes, malformed: 'bad' });
    store.complete.mockRejectedValueOnce(new SyntaxError('Unexpected token'));
    expect((await processed()).next?.id).toBe('bad');
    expect(told).toEqual(['attempt j-1', 'recorder', 'answered', 'take bad', 'release j-1']);
  });

  it('gives every fetch a token of its own, and the job that comes with an end the next one', async () => {
    const { store, processed } = working({ end: completes, fetches: ['j-2', 'j-3'] });
    const { next } = await processed({ token: 'w:7.1' });
    expect(next?.token).toBe('w:7.2');
    const other = working({ fetches: ['j-2', 'j-3'] });
    const tokens = [await other.processed({ token: 'w:7.1' }), await other.processed({ token: 'w:7.1' })];
    expect(new Set(['w:7.1', ...tokens.map((one) => one.next?.token)]).size).toBe(3);
    expect(other.store.fetch.mock.calls.map(([token]) => token)).toEqual(tokens.map((one) => one.next?.token));
    expect(store.fetch).not.toHaveBeenCalled();
  });

  it('fetches nothing while a job is attempted alone, and goes on when it is over', async () => {
    const { taker, told, worker, store, processed } = working({ end: completes, fetches: ['j-2'] });
    taker.isHeld = true;
    await processed();
    expect(store.complete.mock.calls[0]?.[2]).toMatchObject({ fetchNext: false });
    const fetching = worker['moveToActive']();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(told).not.toContain('fetch');
    taker.isHeld = false;
    expect((await fetching).id).toBe('j-2');
  });

  it('ends a fetch that is held when a job waits to begin: BullMQ begins it after the fetch', async () => {
    const { taker, worker } = working({ fetches: ['j-1'] });
    await worker['moveToActive']();
    taker.isHeld = true;
    expect(await worker['moveToActive']()).toBeUndefined();
  });

  it('waits half a second after a fetch that failed, and reports the error', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { worker, processed } = working({ fetches: [new Error('ERR unknown')] });
    const errors: string[] = [];
    worker.on('error', ({ message }) => void errors.push(message));
    let isOver = false;
    const processing = processed().then(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(499);
    expect([isOver, errors]).toEqual([false, []]);
    await vi.advanceTimersByTimeAsync(1);
    await processing;
    expect(errors).toEqual(['ERR unknown']);
  });
});
