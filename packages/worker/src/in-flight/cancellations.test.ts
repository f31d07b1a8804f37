import { EventEmitter } from 'node:events';
import type { Redis } from '@bullpen/shared/internal';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fetchedJob, leaseFor } from '../../test/fetched-job.js';
import { AttemptStop } from '../attempt/attempt-stop.js';
import type { ActiveAttempt } from './active-attempt.js';
import { ActiveAttempts } from './active-attempts.js';
import { Cancellations } from './cancellations.js';

/** An attempt in flight. */
function begin(active: ActiveAttempts, queue: string, jobId: string): ActiveAttempt {
  return active.begin(fetchedJob({ queue, id: jobId }), leaseFor());
}

/** The cancellations of queues mail and images, over two connections that the test controls. */
function watching() {
  const notes: Record<string, string[]> = {};
  const subscriber = Object.assign(new EventEmitter(), {
    isClosed: false,
    disconnect() {
      subscriber.isClosed = true;
    },
  });
  const redis = {
    status: 'ready',
    reads: 0,
    /** What a read waits for before it answers. It answers what Redis had when it was sent. */
    hold: undefined as Promise<void> | undefined,
    async zrangebyscore(key: string): Promise<string[]> {
      redis.reads += 1;
      const noted = [...(notes[key] ?? [])];
      await redis.hold;
      return noted;
    },
    async zscore(key: string, jobId: string): Promise<string | null> {
      if (redis.refuses !== undefined) throw redis.refuses;
      return notes[key]?.includes(jobId) ? '9000000000000' : null;
    },
    refuses: undefined as Error | undefined,
  };
  const active = new ActiveAttempts();
  const cancellations = new Cancellations(
    redis as unknown as Redis,
    subscriber as unknown as Redis,
    'p',
    ['mail', 'images'],
    active,
  );
  onTestFinished(() => cancellations.close());
  const publish = (channel: string, jobId: string): void => void subscriber.emit('message', channel, jobId);
  /** Stores a cancellation and publishes it, as a producer does. */
  const cancel = (queue: string, jobId: string): void => {
    const key = `p:${queue}:cancelled`;
    notes[key] = [...(notes[key] ?? []), jobId];
    publish(key, jobId);
  };
  /** Whether a job may start. */
  const mayStart = async (queue: string, jobId: string): Promise<boolean> => {
    const stop = new AttemptStop();
    const attempt = { queue, jobId, batch: undefined };
    if (cancellations.mayBeCancelled(attempt)) await cancellations.abortIfCancelled(attempt, stop);
    return stop.reason === undefined;
  };
  return { cancellations, active, notes, redis, subscriber, publish, cancel, mayStart };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Cancellations', () => {
  it('stop a job that was cancelled before this worker started, after they were loaded', async () => {
    const { cancellations, notes, mayStart } = watching();
    notes['p:mail:cancelled'] = ['j-1'];
    await cancellations.load();
    expect(await mayStart('mail', 'j-1')).toBe(false);
    expect(await mayStart('mail', 'j-2')).toBe(true);
    expect(await mayStart('images', 'j-1')).toBe(true);
  });

  it('abort with JobCancelled', async () => {
    const { cancellations, cancel } = watching();
    cancel('mail', 'j-1');
    const stop = new AttemptStop();
    await cancellations.abortIfCancelled({ queue: 'mail', jobId: 'j-1', batch: undefined }, stop);
    expect(stop.reason).toMatchObject({ code: 'BULLPEN_JOB_CANCELLED' });
  });

  it('receive publications for every queue served, and stop a job of that queue before it starts', async () => {
    const { cancel, mayStart } = watching();
    cancel('images', 'j-1');
    expect([await mayStart('mail', 'j-1'), await mayStart('images', 'j-1')]).toEqual([true, false]);
  });

  it('stop a job each time it comes back until it is settled, and no later job with that id', async () => {
    const { active, cancel, notes, mayStart } = watching();
    begin(active, 'mail', 'j-1');
    cancel('mail', 'j-1');
    expect([await mayStart('mail', 'j-1'), await mayStart('mail', 'j-1')]).toEqual([false, false]);
    notes['p:mail:cancelled'] = [];
    expect([await mayStart('mail', 'j-1'), await mayStart('mail', 'j-1')]).toEqual([true, true]);
  });

  it('stop nothing for a publication that Redis does not confirm: it came from another database, or too late', async () => {
    const { active, publish, mayStart } = watching();
    const running = begin(active, 'mail', 'j-1');
    publish('p:mail:cancelled', 'j-1');
    publish('p:mail:cancelled', 'j-2');
    await settled();
    expect([running.stop.reason, await mayStart('mail', 'j-2')]).toEqual([undefined, true]);
  });

  it('let a job start while Redis cannot be asked, and remember the cancellation', async () => {
    const { cancel, redis, mayStart } = watching();
    cancel('mail', 'j-1');
    redis.refuses = new Error('LOADING Redis is loading the dataset in memory');
    expect(await mayStart('mail', 'j-1')).toBe(true);
    redis.refuses = undefined;
    expect(await mayStart('mail', 'j-1')).toBe(false);
  });

  it('abort the running attempt at the job, and no other', async () => {
    const { active, cancel } = watching();
    const [running, other] = [begin(active, 'mail', 'j-1'), begin(active, 'images', 'j-1')];
    cancel('mail', 'j-1');
    await settled();
    expect(running.stop.reason).toMatchObject({ code: 'BULLPEN_JOB_CANCELLED' });
    expect(other.stop.reason).toBeUndefined();
  });

  it('abort every running attempt of a cancelled batch, and none of another batch, queue or job', async () => {
    const { active, cancel } = watching();
    const ofBatch = (queue: string, jobId: string, batch: string): ActiveAttempt =>
      active.begin(fetchedJob({ queue, id: jobId, opts: { bullpen: { batch } } }), leaseFor());
    const [one, two] = [ofBatch('mail', 'b-b1-1', 'b1'), ofBatch('mail', 'b-b1-2_9', 'b1')];
    const others = [ofBatch('mail', 'b-b2-1', 'b2'), ofBatch('images', 'b-b1-1', 'b1'), begin(active, 'mail', 'j-1')];
    cancel('mail', 'batch:b1');
    await settled();
    for (const { stop } of [one, two]) expect(stop.reason).toMatchObject({ code: 'BULLPEN_JOB_CANCELLED' });
    for (const { stop } of others) expect(stop.reason).toBeUndefined();
  });

  it('remember a cancelled batch as long as Redis has it, whichever of its jobs are settled', async () => {
    const { cancellations, cancel, notes, mayStart } = watching();
    cancel('mail', 'batch:b1');
    expect([await mayStart('mail', 'batch:b1'), await mayStart('mail', 'batch:b2')]).toEqual([false, true]);
    await cancellations.load();
    expect(await mayStart('mail', 'batch:b1')).toBe(false);
    notes['p:mail:cancelled'] = [];
    expect(await mayStart('mail', 'batch:b1')).toBe(true);
  });

  it('ignore publications on other channels', async () => {
    const { cancel, mayStart } = watching();
    cancel('fax', 'j-1');
    expect([await mayStart('mail', 'j-1'), await mayStart('fax', 'j-1')]).toEqual([true, true]);
  });

  it('read Redis again after a reconnect, because publications may have been missed', async () => {
    const { active, subscriber, notes, mayStart } = watching();
    const running = begin(active, 'mail', 'j-1');
    notes['p:mail:cancelled'] = ['j-1', 'j-2'];
    subscriber.emit('ready');
    await settled();
    expect(running.stop.reason).toMatchObject({ code: 'BULLPEN_JOB_CANCELLED' });
    expect(await mayStart('mail', 'j-2')).toBe(false);
  });

  it('do not read from a Redis that is away', async () => {
    const { redis, subscriber } = watching();
    redis.status = 'reconnecting';
    subscriber.emit('ready');
    await settled();
    expect(redis.reads).toBe(0);
  });

  it('forget jobs that other workers have settled', async () => {
    const { cancellations, notes, mayStart } = watching();
    notes['p:mail:cancelled'] = ['j-1'];
    await cancellations.load();
    notes['p:mail:cancelled'] = [];
    await cancellations.load();
    expect(await mayStart('mail', 'j-1')).toBe(true);
  });

  it('do not forget what was published while an older answer was on its way', async () => {
    const { cancellations, redis, cancel, mayStart } = watching();
    let answer: (() => void) | undefined;
    redis.hold = new Promise((resolve) => {
      answer = resolve;
    });
    const loading = cancellations.load();
    cancel('mail', 'j-1');
    answer?.();
    await loading;
    expect(await mayStart('mail', 'j-1')).toBe(false);
  });

  it('reject when they cannot be loaded, and leave no unhandled rejection when a later reading fails', async () => {
    const { cancellations, redis, subscriber } = watching();
    redis.hold = Promise.reject(new Error('Connection is closed.'));
    await expect(cancellations.load()).rejects.toThrow('Connection is closed.');
    subscriber.emit('ready');
    await settled();
  });

  it('close their own connection and leave the shared one open', () => {
    const { cancellations, subscriber } = watching();
    cancellations.close();
    expect(subscriber.isClosed).toBe(true);
  });
});
