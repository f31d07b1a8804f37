import { EventEmitter } from 'node:events';
import { type Redis, RedisClock } from '@bullpen/shared/internal';
import type { RedisConnection } from 'bullmq';
import { moveToFinished } from 'bullmq/dist/cjs/scripts/moveToFinished-14.js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fetchedJob, hostClock, leaseFor, outcomeOf } from '../../test/fetched-job.js';
import type { Notes } from '../attempt/notes.js';
import { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { FailedEnding } from '../in-flight/queue-store.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { Outage } from '../redis/outage.js';
import type { SideConnections } from '../redis/side-connections.js';
import { Backend } from './backend.js';
import type { BullmqJob } from './bullmq-job.js';
import type { Completed, Completion } from './completion-calls.js';
import { FAILED_REMOVED, FINISH_ARGS, FINISH_KEYS } from './finish-script.js';

const WITHOUT_NOTES = FINISH_KEYS + FINISH_ARGS;

/** An attempt at row 7 of batch b1, with notes that the test chooses. */
class NotedAttempt extends ActiveAttempt {
  noted: Notes | undefined;

  override get notes(): Notes | undefined {
    return this.noted;
  }
}

/**
 * A backend without a connection, and an attempt at its one job. FINISH answers with `reply`,
 * completion calls answer with `completed`.
 */
function backendAnswering(reply: unknown = 0, completed: Completed = [0, null], clock = hostClock) {
  const sent: unknown[][] = [];
  const together: Completion[] = [];
  const renewed: string[] = [];
  const done: string[] = [];
  const redis = Object.assign(new EventEmitter(), {
    async bullpenFinish(args: unknown[]) {
      sent.push(args);
      return reply;
    },
    async bullpenHandBack(...args: unknown[]): Promise<unknown[]> {
      done.push(`handBack(${args.slice(8).join(', ')})`);
      return [args[10]];
    },
  });
  const log = { info: () => undefined, warn: () => undefined };
  const outage = new Outage(redis as unknown as Redis, 'redis://host', log as never);
  const deps = {
    ...{ redis: redis as unknown as ScriptedRedis, outage, connections: {} as SideConnections, clock },
    leases: { renewQueue: (queue: string) => void renewed.push(queue) },
    settings: { refresh: async (queue: string) => void done.push(`refresh(${queue})`) },
    retention: {
      keep: (_: string, target: string) => ({ count: target === 'failed' ? 7 : 5, age: 60 }),
      failedRemoved: (queue: string, count: number) => void done.push(`failedRemoved(${queue}, ${count})`),
    },
    stallCheck: { check: async () => ['j-1'] },
    completionCalls: {
      async add(completion: Completion) {
        together.push(completion);
        return completed;
      },
    },
  };
  const main = new EventEmitter() as unknown as RedisConnection;
  const blocking = { ready: Promise.resolve(), wait: async () => null, close: () => undefined };
  const opts = { prefix: 'p', name: 'worker-1', lockDuration: 10_000 } as never;
  const backend = new Backend(main, blocking, 'mail', opts, deps);
  const fetched = fetchedJob({ id: 'b-b1-7', opts: { attempts: 3, bullpen: { batch: 'b1' } } });
  const attempt = new NotedAttempt(fetched, leaseFor());
  const job = {
    ...{
      id: 'b-b1-7',
      name: 'mail.send',
      token: 't1',
      attemptsMade: 0,
      attemptsStarted: 1,
      priority: 0,
      attempt,
      stored: '{}',
    },
    ...{ opts: { attempts: 3 } as { attempts?: number; backoff?: unknown }, stacktrace: ['earlier'] },
    async moveToFailed(failure: Error, token: string, fetchNext: boolean): Promise<unknown> {
      job.stacktrace.push(failure.message);
      done.push(`moveToFailed(${failure.message}, ${token}, ${fetchNext})`);
      if (reply instanceof Error) throw reply;
      return reply;
    },
  };
  return { backend, job: job as typeof job & BullmqJob, attempt, redis, outage, sent, together, renewed, done };
}

/** The arguments that follow BullMQ's own. */
const notedBy = (backend: Backend, job: BullmqJob) =>
  backend.moveToCompletedArgs(job, '1', false, 't1', true).slice(WITHOUT_NOTES);

const first = { fetchNext: true, isAgain: false };

describe('BullMQ’s script for the end of a job', () => {
  it('takes as many keys and arguments as we count: an upgrade that changes that fails here', () => {
    const highest = (list: string): number => {
      const found = [...moveToFinished.content.matchAll(new RegExp(`\\b${list}\\[(\\d+)\\]`, 'g'))];
      return Math.max(...found.map(([, index]) => Number(index)));
    };
    expect([highest('KEYS'), highest('ARGV')]).toEqual([FINISH_KEYS, FINISH_ARGS]);
  });

  it('gets exactly that many from BullMQ’s backend, for a success and for a failure', () => {
    const { backend } = backendAnswering();
    const job = { id: 'j-1', opts: {} } as BullmqJob;
    const completed = backend.moveToCompletedArgs(job, '1', false, 't1', true);
    const failed = backend.moveToFailedArgs(job, 'boom', false, 't1', true);
    expect([completed.length, failed.length]).toEqual([WITHOUT_NOTES, WITHOUT_NOTES]);
    // The places where our script finds the job's key, its id and the base of all keys.
    expect([completed[11], completed[FINISH_KEYS], completed[FINISH_KEYS + 6]]).toEqual([
      ...['p:mail:j-1', 'j-1', 'p:mail:'],
    ]);
    expect(completed[FINISH_KEYS + 1]).toBeTypeOf('number');
  });
});

describe('Backend', () => {
  it('adds no arguments without notes', () => {
    const { backend, job } = backendAnswering();
    expect(notedBy(backend, job)).toEqual([]);
  });

  it('adds the notes of the attempt, without empty arguments at the end', () => {
    const { backend, job, attempt } = backendAnswering();
    attempt.noted = { attemptsMade: 1, forgetCrashes: true };
    expect(notedBy(backend, job)).toEqual([1, 'c']);
    attempt.noted = { batch: 'b1' };
    expect(notedBy(backend, job)).toEqual(['', '', 'b1']);
    attempt.noted = { batch: 'b1', row: { row: 7, fate: 'completed', reason: '', text: '', key: '' } };
    expect(notedBy(backend, job)).toEqual(['', '', 'b1', 7, 1]);
    attempt.noted = { batch: 'b1', row: { row: 7, fate: 'failed', reason: 'Error: x', text: '{}', key: 'hash' } };
    expect(notedBy(backend, job)).toEqual(['', '', 'b1', 7, 2, 'Error: x', '{}', 'hash']);
  });

  it('removes the job of a row with its end: the books keep what became of it', () => {
    const { backend, job, attempt } = backendAnswering();
    const kept = (): unknown => backend.moveToCompletedArgs(job, '1', { count: 5 }, 't1', true)[FINISH_KEYS + 7];
    const before = kept();
    attempt.noted = { forgetCrashes: true };
    expect(kept()).toEqual(before);
    attempt.noted = { batch: 'b1' };
    expect(kept()).not.toEqual(before);
  });

  it('sends every end with our script', async () => {
    const { backend, job, sent } = backendAnswering([null, null, 0, 0]);
    const failed = backend.moveToFailedArgs(job, 'boom', false, 't1', true);
    expect(await backend.moveToFinished('b-b1-7', failed)).toEqual([null, null, 0, 0]);
    expect(sent).toEqual([failed]);
  });

  it('records a success as BullMQ does, and answers with the next job', async () => {
    const fields = ['name', 'mail.send', 'data', '{}'];
    const { backend, job, sent } = backendAnswering([fields, 'j-2', 0, 0]);
    expect(await backend.complete(job, { sent: 1 }, first)).toMatchObject([
      { name: 'mail.send', data: '{}' },
      'j-2',
      0,
      0,
    ]);
    expect(sent[0]?.slice(FINISH_KEYS + 2, FINISH_KEYS + 6)).toEqual(['returnvalue', '{"sent":1}', 'completed', 1]);
    expect(job).toMatchObject({ returnvalue: { sent: 1 }, attemptsMade: 1 });
  });

  it('records a missing result as null', async () => {
    const { backend, job, sent } = backendAnswering();
    await backend.complete(job, undefined, { fetchNext: false, isAgain: false });
    expect(sent[0]?.slice(FINISH_KEYS + 3, FINISH_KEYS + 6)).toEqual(['null', 'completed', 0]);
  });

  it.each([-1, -2, -3, -6])('throws BullMQ’s error when the job is not ours: %i', async (code) => {
    const { backend, job } = backendAnswering(code);
    await expect(backend.complete(job, 1, first)).rejects.toMatchObject({ code });
    expect(job.attemptsMade).toBe(0);
  });

  describe('of a row with a job of its own', () => {
    const completedRow: Notes = { batch: 'b1', row: { row: 7, fate: 'completed', reason: '', text: '', key: '' } };

    it('is recorded together with others, and answers with the next job', async () => {
      const fields = ['name', 'mail.send', 'data', '{}'];
      const { backend, job, attempt, sent, together } = backendAnswering(0, [0, [fields, 'b-b1-8']]);
      attempt.noted = completedRow;
      expect(await backend.complete(job, { sent: 1 }, first)).toMatchObject([{ data: '{}' }, 'b-b1-8', 0, 0]);
      expect(together).toEqual([
        ...[
          {
            jobId: 'b-b1-7',
            token: 't1',
            isNextWanted: true,
            result: '{"sent":1}',
            batch: 'b1',
            note: completedRow.row,
          },
        ],
      ]);
      expect([sent, job.attemptsMade]).toEqual([[], 1]);
    });

    it('answers undefined when Redis names no next job', async () => {
      const { backend, job, attempt } = backendAnswering();
      attempt.noted = completedRow;
      expect(await backend.complete(job, 1, first)).toBeUndefined();
    });

    it('is recorded by BullMQ’s script when Redis says that the job is more than a row', async () => {
      const { backend, job, attempt, sent } = backendAnswering(0, [1, null]);
      attempt.noted = completedRow;
      await backend.complete(job, 1, first);
      expect([sent.length, job.attemptsMade]).toEqual([1, 1]);
    });

    it.each([-1, -2, -3, -6])('throws BullMQ’s error when it is not ours: %i', async (code) => {
      const { backend, job, attempt } = backendAnswering(0, [code, null]);
      attempt.noted = completedRow;
      await expect(backend.complete(job, 1, first)).rejects.toMatchObject({ code });
      expect(job.attemptsMade).toBe(0);
    });

    it('is recorded in a call of its own when it is sent again', async () => {
      const { backend, job, attempt, sent, together } = backendAnswering();
      attempt.noted = completedRow;
      await backend.complete(job, 1, { fetchNext: true, isAgain: true });
      expect([sent.length, together]).toEqual([1, []]);
    });

    it.each<[string, Partial<BullmqJob>, Notes]>([
      ['is part of a flow', { parentKey: 'p:mail:1' }, completedRow],
      ['is deduplicated', { deduplicationId: 'd' }, completedRow],
      ['is a job scheduler’s', { repeatJobKey: 'r' }, completedRow],
      ['failed', {}, { batch: 'b1', row: { row: 7, fate: 'failed', reason: 'x', text: '', key: '' } }],
    ])('is recorded by BullMQ’s script when its job %s', async (_, more, notes) => {
      const { backend, job, attempt, sent, together } = backendAnswering();
      attempt.noted = notes;
      await backend.complete(Object.assign(job, more), 1, first);
      expect([sent.length, together]).toEqual([1, []]);
    });
  });

  describe('fails a job', () => {
    const failed = (more: object = {}) => ({ outcome: outcomeOf('failed'), ...more }) as FailedEnding;

    it('with the attempts and the wait that we computed, for this retry only', async () => {
      const { backend, job, done } = backendAnswering([]);
      await backend.fail(job, failed({ retryInMs: 5_000 }), true);
      expect(done).toEqual(['moveToFailed(Error: boom, t1, true)']);
      expect(job.opts).toEqual({ attempts: 3, backoff: { type: 'fixed', delay: 5_000 } });
    });

    it('and leaves its stored backoff as it is when we computed no wait', async () => {
      const { backend, job } = backendAnswering([]);
      await backend.fail(job, failed(), true);
      expect(job.opts).toEqual({ attempts: 3 });
    });

    it('and keeps no stack trace of a call that failed: BullMQ adds it at each call', async () => {
      const { backend, job } = backendAnswering(new Error('READONLY'));
      await expect(backend.fail(job, failed(), true)).rejects.toThrow('READONLY');
      expect(job.stacktrace).toEqual(['earlier']);
    });
  });

  it('delays a snoozed job by at least 250 ms, until BullMQ’s last trip for it is over', async () => {
    vi.useFakeTimers({ now: 1_000_000, toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { backend, job } = backendAnswering();
    const waits: unknown[] = [];
    vi.spyOn(backend, 'moveToDelayed').mockImplementation(async (id, _, waitMs, token, options) => {
      waits.push(waitMs);
      expect([id, token, options]).toEqual(['b-b1-7', 't1', { skipAttempt: true }]);
    });
    for (const at of [0, 1_000_000, 1_000_250, 1_900_000]) await backend.snooze(job, { at });
    for (const inMs of [0, 250, 900_000]) await backend.snooze(job, { inMs });
    expect(waits).toEqual([250, 250, 250, 900_000, 250, 250, 900_000]);
  });

  it('snoozes until an instant of Redis’ clock as it goes now: it may have been set', async () => {
    let time = 1_700_000_000_000;
    const clock = new RedisClock(async () => time);
    await clock.sync();
    time -= 600_000;
    const { backend, job } = backendAnswering(0, [0, null], clock);
    const moved = vi.spyOn(backend, 'moveToDelayed').mockResolvedValue();
    await backend.snooze(job, { at: time + 60_000 });
    expect(Math.abs(Number(moved.mock.calls[0]?.[2]) - 60_000)).toBeLessThan(1_000);
  });

  it('hands a job back by its fetch, with the place of the fetch among those of the worker', async () => {
    const { backend, job, done } = backendAnswering();
    await backend.handBack(job);
    expect(done).toEqual(['handBack(worker-1, 0, b-b1-7, w1 1 0, 0)']);
  });

  it('throws that the job is not ours when Redis did not hand it back', async () => {
    const { backend, job, redis } = backendAnswering();
    redis.bullpenHandBack = async () => [];
    await expect(backend.handBack(job)).rejects.toMatchObject({ code: -2 });
  });

  it('keeps as many jobs as the queue says, unless the job itself says something else; a row is removed', () => {
    const { backend, job, attempt } = backendAnswering();
    const kept = vi.spyOn(backend as unknown as { getKeepJobs(): object }, 'getKeepJobs');
    const keepOf = (_: unknown) => kept.mock.results.at(-1)?.value;
    const failed = (keep: unknown) => keepOf(backend.moveToFailedArgs(job, 'boom', keep as false, 't1', true));
    const completed = (keep: unknown) => keepOf(backend.moveToCompletedArgs(job, '1', keep as false, 't1', true));
    expect([failed(undefined), completed(undefined)]).toEqual([
      { count: 7, age: 60 },
      { count: 5, age: 60 },
    ]);
    expect([failed(false), completed(9)]).toEqual([{ count: -1 }, { count: 9 }]);
    attempt.noted = { batch: 'b1' };
    expect([failed(undefined), completed(undefined)]).toEqual([{ count: 0 }, { count: 0 }]);
  });

  it('tells how many failed jobs were removed, and hands on BullMQ’s own answer', async () => {
    for (const reply of [null, [['name', 'mail.send', 'data', '{}'], 'j-9', 0, 0]]) {
      const { backend, done } = backendAnswering([FAILED_REMOVED, 3, reply]);
      const next = await backend.moveToFinished('j-1', []);
      expect(done).toEqual(['failedRemoved(mail, 3)']);
      expect(next[1]).toBe(reply?.[1]);
    }
  });

  it('reads at each stall check what the queue keeps, and makes none right after an outage', async () => {
    const { backend, outage, renewed, done } = backendAnswering();
    outage.noteIfOutage(new Error('READONLY'));
    expect(await backend.moveStalledJobsToWait()).toEqual([]);
    outage.accepted();
    expect([await backend.moveStalledJobsToWait(), renewed]).toEqual([[], []]);
    expect(done).toEqual(['refresh(mail)', 'refresh(mail)']);
  });
});
