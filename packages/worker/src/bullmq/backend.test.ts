import { EventEmitter } from 'node:events';
import { type Redis, RedisClock } from '@bullpen/shared/internal';
import type { RedisConnection } from 'bullmq';
import { moveToFinished } from 'bullmq/dist/cjs/scripts/moveToFinished-14.js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fetchedJob, hostClock, leaseFor, outcomeOf } from '../../test/fetched-job.js';
import { heldJob } from '../../test/held-job.js';
import type { Notes } from '../attempt/notes.js';
import { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { FailedEnding } from '../in-flight/queue-store.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { Outage } from '../redis/outage.js';
import type { SideConnections } from '../redis/side-connections.js';
import { Backend } from './backend.js';
import type { BullmqJob } from './bullmq-job.js';
import { FAILED_REMOVED, FINISH_ARGS, FINISH_KEYS } from './finish-script.js';

const WITHOUT_NOTES = FINISH_KEYS + FINISH_ARGS;

/** An attempt at row 7 of batch b1, with notes that the test chooses. */
class NotedAttempt extends ActiveAttempt {
  noted: Notes | undefined;

  override get notes(): Notes | undefined {
    return this.noted;
  }
}

/** A backend without a connection, and its one job. FINISH answers with `reply`. */
function backendAnswering(reply: unknown = 0, clock = hostClock) {
  const sent: unknown[][] = [];
  const renewed: string[] = [];
  const done: string[] = [];
  const redis = Object.assign(new EventEmitter(), {
    async bullpenFinish(args: unknown[]) {
      sent.push(args);
      return reply;
    },
    async bullpenHandBack(...args: unknown[]): Promise<unknown[]> {
      const fetches = args.slice(10);
      done.push(`handBack(${args.slice(8).join(', ')})`);
      return fetches.filter((_, at) => at % 3 === 0);
    },
    async bullpenPutOff(...args: unknown[]): Promise<0 | 1> {
      done.push(`putOff(${args.join(', ')})`);
      return reply as 0 | 1;
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
    stallCheck: { check: async () => ['j-1'], restMs: 0 },
  };
  const main = new EventEmitter() as unknown as RedisConnection;
  const blocking = { ready: Promise.resolve(), wait: vi.fn(async () => null), close: vi.fn() };
  const opts = { prefix: 'p', name: 'worker-1', lockDuration: 10_000 } as never;
  const backend = new Backend(main, blocking, 'mail', opts, deps);
  const fetched = fetchedJob({ id: 'b-b1-7', opts: { attempts: 3, bullpen: { batch: 'b1' } } });
  const attempt = new NotedAttempt(fetched, leaseFor());
  const job = {
    ...{ id: 'b-b1-7', name: 'mail.send', token: 't1', attemptsMade: 0, attemptsStarted: 1, priority: 0, attempt },
    ...{ opts: { attempts: 3 } as { attempts?: number; backoff?: unknown }, stacktrace: ['earlier'] },
    async moveToFailed(failure: Error, token: string, fetchNext: boolean): Promise<unknown> {
      job.stacktrace.push(failure.message);
      done.push(`moveToFailed(${failure.message}, ${token}, ${fetchNext})`);
      if (reply instanceof Error) throw reply;
      return reply;
    },
  };
  const bullmqJob = job as typeof job & BullmqJob;
  const held = heldJob({}, { attempt, bullmqJob });
  return { backend, held, job: bullmqJob, attempt, redis, blocking, outage, sent, renewed, done };
}

/** The arguments that follow BullMQ's own. */
const notedBy = (backend: Backend, job: BullmqJob) =>
  backend.moveToCompletedArgs(job, '1', false, 't1', true).slice(WITHOUT_NOTES);

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

  it('sends every end with our script, and fetches nothing with it', async () => {
    const { backend, job, sent } = backendAnswering([null, null, 0, 0]);
    const failed = backend.moveToFailedArgs(job, 'boom', false, 't1', false);
    expect(await backend.moveToFinished('b-b1-7', failed)).toEqual([]);
    expect(sent).toEqual([failed]);
    expect(failed[FINISH_KEYS + 5]).toBe(0);
  });

  it('records a success as BullMQ does, and fetches nothing with it', async () => {
    const { backend, held, job, sent } = backendAnswering();
    await backend.complete(held, { sent: 1 });
    expect(sent[0]?.slice(FINISH_KEYS + 2, FINISH_KEYS + 6)).toEqual(['returnvalue', '{"sent":1}', 'completed', 0]);
    expect(job).toMatchObject({ returnvalue: { sent: 1 }, attemptsMade: 1 });
  });

  it('records a missing result as null', async () => {
    const { backend, held, sent } = backendAnswering();
    await backend.complete(held, undefined);
    expect(sent[0]?.slice(FINISH_KEYS + 3, FINISH_KEYS + 5)).toEqual(['null', 'completed']);
  });

  it.each([-1, -2, -3, -6])('throws BullMQ’s error when the job is not ours: %i', async (code) => {
    const { backend, held, job } = backendAnswering(code);
    await expect(backend.complete(held, 1)).rejects.toMatchObject({ code });
    expect(job.attemptsMade).toBe(0);
    expect(backend.endRefused(code, 'j-1')).toMatchObject({ code });
  });

  it('records nothing while it closes: the last word hands back what is left', async () => {
    const { backend, held, sent, done } = backendAnswering();
    backend.closing = Promise.resolve();
    await backend.complete(held, 1);
    await backend.fail(held, { outcome: outcomeOf('failed') } as FailedEnding);
    expect([sent, done]).toEqual([[], []]);
  });

  describe('fails a job', () => {
    const failed = (more: object = {}) => ({ outcome: outcomeOf('failed'), ...more }) as FailedEnding;

    it('with the attempts and the wait that we computed, for this retry only', async () => {
      const { backend, held, job, attempt, done } = backendAnswering([]);
      job.opts = {};
      await backend.fail(held, failed({ retryInMs: 5_000 }));
      expect(done).toEqual(['moveToFailed(Error: boom, t1, false)']);
      expect(job.opts).toEqual({ attempts: attempt.maxAttempts, backoff: { type: 'fixed', delay: 5_000 } });
    });

    it('and leaves its stored backoff as it is when we computed no wait', async () => {
      const { backend, held, job } = backendAnswering([]);
      await backend.fail(held, failed());
      expect(job.opts).toEqual({ attempts: 3 });
    });

    it('and keeps no stack trace of a call that failed: BullMQ adds it at each call', async () => {
      const { backend, held, job } = backendAnswering(new Error('READONLY'));
      await expect(backend.fail(held, failed())).rejects.toThrow('READONLY');
      expect(job.stacktrace).toEqual(['earlier']);
    });
  });

  it('delays a snoozed job by at least 250 ms, until BullMQ’s last trip for it is over', async () => {
    vi.useFakeTimers({ now: 1_000_000, toFake: ['Date', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { backend, held } = backendAnswering();
    const waits: unknown[] = [];
    vi.spyOn(backend, 'moveToDelayed').mockImplementation(async (id, _, waitMs, token, options) => {
      waits.push(waitMs);
      expect([id, token, options]).toEqual(['b-b1-7', 't1', { skipAttempt: true }]);
    });
    for (const at of [0, 1_000_000, 1_000_250, 1_900_000]) await backend.snooze(held, { at });
    for (const inMs of [0, 250, 900_000]) await backend.snooze(held, { inMs });
    expect(waits).toEqual([250, 250, 250, 900_000, 250, 250, 900_000]);
  });

  it('snoozes until an instant of Redis’ clock as it goes now: it may have been set', async () => {
    let time = 1_700_000_000_000;
    const clock = new RedisClock(async () => time);
    await clock.sync();
    time -= 600_000;
    const { backend, held } = backendAnswering(0, clock);
    const moved = vi.spyOn(backend, 'moveToDelayed').mockResolvedValue();
    await backend.snooze(held, { at: time + 60_000 });
    expect(Math.abs(Number(moved.mock.calls[0]?.[2]) - 60_000)).toBeLessThan(1_000);
  });

  it('hands a job back by its fetch, with the place of the fetch among those of the worker', async () => {
    const { backend, held, done } = backendAnswering();
    await backend.handBack(held);
    expect(done).toEqual(['handBack(worker-1, 0, b-b1-7, w1 1 0, 0)']);
  });

  it('hands back in one call what goes back in one turn of the event loop, in its order', async () => {
    const { backend, done } = backendAnswering();
    const held = ['j-1', 'j-2', 'j-3'].map((id, nth) => {
      const fetched = fetchedJob({ id });
      return heldJob({}, { attempt: new ActiveAttempt(fetched, leaseFor(fetched), nth) });
    });
    await Promise.all(held.map((one) => backend.handBack(one)));
    expect(done).toEqual(['handBack(worker-1, 0, j-1, w1 1 0, 0, j-2, w1 1 0, 1, j-3, w1 1 0, 2)']);
  });

  it('throws that a job is not ours when Redis did not hand it back, and takes back the others', async () => {
    const { backend, redis } = backendAnswering();
    redis.bullpenHandBack = async () => ['j-2'];
    const [gone, back] = [heldJob({ id: 'j-1' }), heldJob({ id: 'j-2' })];
    const ends = await Promise.allSettled([backend.handBack(gone), backend.handBack(back)]);
    expect(ends).toMatchObject([{ status: 'rejected', reason: { code: -2 } }, { status: 'fulfilled' }]);
  });

  it.each([
    [1, 'fulfilled'],
    [0, 'rejected'],
  ])('puts off a suspect by the token of its lease; Redis answers %i', async (reply, status) => {
    const { backend, held, done } = backendAnswering(reply);
    const [end] = await Promise.allSettled([backend.putOff(held)]);
    expect(end.status).toBe(status);
    if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: -2 });
    expect(done[0]).toMatch(/^putOff\(p:mail:b-b1-7:lock, p:mail:b-b1-7, p:mail:active, .*, t1, b-b1-7, 60000\)$/);
  });

  it('waits for a job on its second connection, and ends the wait when it closes', async () => {
    const { backend, blocking } = backendAnswering();
    expect(await backend.waitForJob(0.02)).toBeNull();
    expect(await backend.waitForJob(60)).toBeNull();
    const waits = blocking.wait.mock.calls as unknown as [string, number][];
    expect(waits.map(([key]) => key)).toEqual(['p:mail:marker', 'p:mail:marker']);
    expect(waits[0]?.[1]).toBeLessThanOrEqual(0.02);
    // Until the process looks.
    expect(waits[1]?.[1]).toBeGreaterThan(0);
    expect(waits[1]?.[1]).toBeLessThan(60);
    await backend.disconnectBlocking();
    expect(blocking.close).toHaveBeenCalledOnce();
  });

  it('asks with one command whether the queue is empty, and in an outage leaves it to a fetch', async () => {
    const { backend, redis, outage } = backendAnswering();
    const exists = vi.fn(async (..._: string[]) => 0);
    Object.assign(redis, { exists });
    expect(await backend.isEmpty()).toBe(true);
    exists.mockResolvedValue(1);
    expect(await backend.isEmpty()).toBe(false);
    outage.noteIfOutage(new Error('READONLY'));
    expect(await backend.isEmpty()).toBe(false);
    expect(exists.mock.calls).toEqual(
      Array(2).fill(['wait', 'prioritized', 'delayed'].map((list) => `p:mail:${list}`)),
    );
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

  it('tells how many failed jobs were removed, also when BullMQ’s own answer is a refusal', async () => {
    for (const reply of [null, -2]) {
      const { backend, done } = backendAnswering([FAILED_REMOVED, 3, reply]);
      const ended = backend.moveToFinished('j-1', []);
      if (reply === null) await ended;
      else await expect(ended).rejects.toMatchObject({ code: reply });
      expect(done).toEqual(['failedRemoved(mail, 3)']);
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
