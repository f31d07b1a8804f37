import { EventEmitter } from 'node:events';
import type { Redis } from '@bullpen/shared/internal';
import type { Job, JobJson } from 'bullmq';
import { describe, expect, it, vi } from 'vitest';
import { hostClock, leaseFor } from '../../test/fetched-job.js';
import { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { FetchedJob } from '../in-flight/fetched-job.js';
import type { JobTaker } from '../in-flight/job-source.js';
import type { Recorder } from '../in-flight/recorder.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { Outage } from '../redis/outage.js';
import type { SideConnections } from '../redis/side-connections.js';
import { BullmqJob } from './bullmq-job.js';
import { BullmqWorker } from './bullmq-worker.js';
import type { Turn, TurnAnswer } from './turn-calls.js';

/** A connection that never becomes ready: BullMQ waits for it and sends nothing. */
function connection(): EventEmitter {
  const quiet = (): void => undefined;
  return Object.assign(new EventEmitter(), {
    ...{ status: 'connecting', options: {}, connect: quiet, disconnect: quiet, defineCommand: quiet },
    ...{ zadd: async () => 1, duplicate: connection },
  });
}

const FIELDS = { name: 'mail.send', data: '{"to":"x"}', opts: '{}', progress: '0', timestamp: '5' };

/** A worker of queue mail whose turns the test answers. */
function working(concurrency = 2) {
  const told: string[] = [];
  const turns: { turn: Turn; answer(answer?: Partial<TurnAnswer>): Promise<void> }[] = [];
  const ending = new Map<string, () => void>();
  const taker: JobTaker = {
    ...{ isHeld: false, fetchAnswered: () => undefined },
    take(job: FetchedJob) {
      told.push(`take ${job.id}`);
      return new ActiveAttempt(job, leaseFor(job));
    },
    attempt(attempt) {
      told.push(`attempt ${attempt.jobId}`);
      return new Promise((resolve) =>
        ending.set(attempt.jobId, () => resolve(attempt.end({ kind: 'completed', result: 1 }))),
      );
    },
    handBack: (attempt) => attempt.putOff(false),
    release: ({ jobId }) => void told.push(`release ${jobId}`),
  };
  const recorder = {
    async record(attempt: ActiveAttempt, send: () => Promise<unknown>) {
      await send();
      attempt.confirm();
    },
  };
  const redis = connection();
  const quiet = { info: () => undefined, warn: () => undefined } as never;
  const worker = new BullmqWorker(
    'mail',
    { connection: redis as unknown as Redis, prefix: 'p', name: 'w1', concurrency },
    {
      ...{ redis: redis as unknown as ScriptedRedis, clock: hostClock, taker, ahead: undefined },
      recorder: recorder as unknown as Recorder,
      leases: { renewQueue: () => undefined },
      settings: { refresh: async () => undefined },
      retention: {
        keep: () => ({ count: 1, age: 60 }),
        failedRemoved: () => undefined,
      },
      outage: new Outage(redis as unknown as Redis, 'redis://host', quiet),
      stallCheck: { check: async () => [], restMs: 0 },
      connections: { watch: () => ({ close: () => undefined }) } as unknown as SideConnections,
      turns: {
        send: (turn) =>
          new Promise((resolve) => {
            turns.push({
              turn,
              async answer(answer = {}) {
                const answers = turn.ends.map(() => 0);
                resolve({ answers, jobs: [], strangers: [], fetchedAt: 5, limitedMs: 0, dueAt: 0, ...answer });
                await new Promise(setImmediate);
              },
            });
          }),
      },
      malformedJobs: { repaired: (_, __, fields) => fields },
    },
  );
  worker.on('error', () => undefined);
  const { backend } = worker;
  // What a stock worker does before its main loop, and after it.
  vi.spyOn(backend, 'waitUntilReady').mockResolvedValue();
  const closed = vi.spyOn(backend, 'close').mockResolvedValue();
  // A wait for a job that ends when the connection is closed.
  let stopWaiting = (): void => undefined;
  vi.spyOn(backend, 'waitForJob').mockImplementation(
    () => new Promise((resolve) => (stopWaiting = () => resolve(null))),
  );
  vi.spyOn(backend, 'disconnectBlocking').mockImplementation(async () => stopWaiting());
  const checked = vi.spyOn(backend, 'moveStalledJobsToWait').mockResolvedValue([]);
  vi.spyOn(backend, 'handBack').mockImplementation(async ({ attempt }) => void told.push(`hand back ${attempt.jobId}`));
  /** Ends attempts, and lets the worker hear of it. */
  const end = async (...ids: string[]): Promise<void> => {
    for (const id of ids) ending.get(id)?.();
    await new Promise(setImmediate);
  };
  const run = async (): Promise<{ running: Promise<unknown>; isOver: () => boolean }> => {
    let over = false;
    const running = worker.run().then(() => {
      over = true;
    });
    await vi.waitUntil(() => turns.length > 0);
    return { running, isOver: () => over };
  };
  return { worker, backend, told, turns, closed, checked, end, run };
}

const raw = (...ids: string[]): TurnAnswer['jobs'] => ids.map((id) => [id, Object.entries(FIELDS).flat()]);

describe('BullmqWorker', () => {
  it('has the main loop of ours: it fetches for all its slots, and records ends in turns', async () => {
    const { worker, told, turns, end, run } = working(2);
    const { running } = await run();
    expect(turns[0]?.turn).toMatchObject({ ends: [], free: 2, ahead: 0 });
    await turns[0]?.answer({ jobs: raw('j-1', 'j-2') });
    await end('j-1', 'j-2');
    for (let at = 1; at < turns.length; at += 1) await turns[at]?.answer();
    expect(turns.slice(1).flatMap(({ turn }) => turn.ends.map(({ jobId }) => jobId))).toEqual(['j-1', 'j-2']);
    expect(told.slice(-2)).toEqual(['release j-1', 'release j-2']);
    await Promise.all([worker.close(), running]);
  });

  it('keeps BullMQ’s stall check', async () => {
    const { worker, turns, checked, run } = working();
    await run();
    expect(checked).toHaveBeenCalled();
    const closing = worker.close();
    await turns[0]?.answer();
    await closing;
  });

  it('is closed when its attempts are over, and then closes its connections', async () => {
    const { worker, told, turns, closed, end, run } = working(2);
    const { isOver } = await run();
    await turns[0]?.answer({ jobs: raw('j-1', 'j-2') });
    const closing = worker.close();
    await end('j-1');
    expect([isOver(), closed.mock.calls.length]).toEqual([false, 0]);
    await turns[1]?.answer();
    await end('j-2');
    await turns[2]?.answer();
    await closing;
    expect([isOver(), closed.mock.calls.length, told.at(-1)]).toEqual([true, 1, 'release j-2']);
    expect(turns.slice(1).every(({ turn }) => turn.free + turn.ahead === 0)).toBe(true);
  });

  it('hands back what a fetch brings that was on its way when it closed', async () => {
    const { worker, told, turns, run } = working();
    await run();
    const closing = worker.close();
    await turns[0]?.answer({ jobs: raw('j-1', 'j-2') });
    await closing;
    expect(told).toEqual([...['take j-1', 'take j-2', 'hand back j-1', 'hand back j-2', 'release j-1', 'release j-2']]);
  });

  it('may be closed twice, and before it ever ran', async () => {
    const { worker, turns } = working();
    const closing = worker.close();
    await Promise.all([closing, worker.close()]);
    await worker.run();
    expect(turns).toEqual([]);
  });

  it('makes jobs of our kind', () => {
    const { worker } = working();
    expect(worker.jobOf(FIELDS as unknown as JobJson, 'j-1')).toBeInstanceOf(BullmqJob);
  });

  it('knows from BullMQ whether the queue is limited, by its rate or by its concurrency', async () => {
    const { worker, backend } = working();
    const ttl = vi.spyOn(backend, 'getRateLimitTtl').mockResolvedValue(0);
    const maxed = vi.spyOn(backend, 'isMaxed').mockResolvedValue(false);
    expect(await worker.isLimited()).toBe(false);
    ttl.mockResolvedValue(5);
    expect(await worker.isLimited()).toBe(true);
    ttl.mockResolvedValue(-2);
    maxed.mockResolvedValue(true);
    expect(await worker.isLimited()).toBe(true);
  });

  describe('enqueues the next run of a scheduler', () => {
    const schedule = (what: (worker: BullmqWorker) => Job | undefined) => {
      const { worker } = working();
      const stock = worker as unknown as { nextJobFromJobData(): Promise<Job | undefined> };
      vi.spyOn(stock, 'nextJobFromJobData').mockImplementation(async () => what(worker));
      return worker.scheduleNext(FIELDS as unknown as JobJson, 'j-1', 't1');
    };

    it('and answers nothing when BullMQ has done it', async () => {
      expect(await schedule(() => ({}) as Job)).toBeUndefined();
    });

    it('and answers why not, which BullMQ only emits as an error', async () => {
      const words = 'Failed to add repeatable job for next iteration: READONLY';
      const fault = await schedule((worker) => {
        worker.emit('error', new Error(words));
        return undefined;
      });
      expect(fault?.message).toBe('READONLY');
    });

    it('and answers an error in any case when BullMQ dropped the job', async () => {
      expect(await schedule(() => undefined)).toBeInstanceOf(Error);
    });
  });
});
