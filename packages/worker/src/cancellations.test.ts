import { EventEmitter } from 'node:events';
import type { Redis } from '@bullpen/shared';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ActiveAttempt, ActiveAttempts } from './active-attempts.js';
import { AttemptStop } from './attempt-stop.js';
import { Cancellations } from './cancellations.js';
import { leaseOf } from './lease.js';

/** An attempt at a job under way. */
function begin(active: ActiveAttempts, queue: string, jobId: string): ActiveAttempt {
  const lease = leaseOf({ attemptsMade: 0, attemptsStarted: 1, stalledCounter: 0 }, 't1', 10_000);
  return active.begin(queue, jobId, 'mail.send', new AttemptStop(), lease);
}

/** The cancellations of queues mail and images, over two connections that do as the test says. */
function watching() {
  const notes: Record<string, string[]> = {};
  const subscriber = Object.assign(new EventEmitter(), {
    channels: [] as string[],
    isClosed: false,
    async subscribe(...channels: string[]) {
      subscriber.channels.push(...channels);
    },
    disconnect() {
      subscriber.isClosed = true;
    },
  });
  const redis = {
    status: 'ready',
    reads: 0,
    /** What a read waits for before it answers; the notes are taken when it was sent. */
    hold: undefined as Promise<void> | undefined,
    async zrangebyscore(key: string): Promise<string[]> {
      redis.reads += 1;
      const noted = [...(notes[key] ?? [])];
      await redis.hold;
      return noted;
    },
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
  /** Whether a job that is about to start may. */
  const mayStart = (queue: string, jobId: string): boolean => {
    const stop = new AttemptStop();
    cancellations.check(queue, jobId, stop);
    return stop.reason === undefined;
  };
  return { cancellations, active, notes, redis, subscriber, publish, mayStart };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Cancellations', () => {
  it('stop a job that was cancelled before this worker came, once it has loaded the notes', async () => {
    const { cancellations, notes, mayStart } = watching();
    notes['p:mail:cancelled'] = ['j-1'];
    await cancellations.load();
    expect(mayStart('mail', 'j-1')).toBe(false);
    expect(mayStart('mail', 'j-2')).toBe(true);
    expect(mayStart('images', 'j-1')).toBe(true);
  });

  it('say with which reason', async () => {
    const { cancellations, publish } = watching();
    publish('p:mail:cancelled', 'j-1');
    const stop = new AttemptStop();
    cancellations.check('mail', 'j-1', stop);
    expect(stop.reason).toMatchObject({ code: 'BULLPEN_JOB_CANCELLED' });
  });

  it('listen for publications of every queue served, and stop a waiting job of that queue', () => {
    const { subscriber, publish, mayStart } = watching();
    expect(subscriber.channels).toEqual(['p:mail:cancelled', 'p:images:cancelled']);
    publish('p:images:cancelled', 'j-1');
    expect([mayStart('mail', 'j-1'), mayStart('images', 'j-1')]).toEqual([true, false]);
  });

  it('stop a job once: handed back and cancelled no more, it may start', () => {
    const { publish, mayStart } = watching();
    publish('p:mail:cancelled', 'j-1');
    expect([mayStart('mail', 'j-1'), mayStart('mail', 'j-1')]).toEqual([false, true]);
  });

  it('abort a running attempt, and no other', () => {
    const { active, publish } = watching();
    const [running, other] = [begin(active, 'mail', 'j-1'), begin(active, 'images', 'j-1')];
    publish('p:mail:cancelled', 'j-1');
    expect(running.stop.reason).toMatchObject({ code: 'BULLPEN_JOB_CANCELLED' });
    expect(other.stop.reason).toBeUndefined();
  });

  it('take no notice of publications on other channels', () => {
    const { publish, mayStart } = watching();
    publish('p:fax:cancelled', 'j-1');
    expect([mayStart('mail', 'j-1'), mayStart('fax', 'j-1')]).toEqual([true, true]);
  });

  it('read the notes again after a reconnect, as publications may have been missed', async () => {
    const { active, subscriber, notes, mayStart } = watching();
    const running = begin(active, 'mail', 'j-1');
    notes['p:mail:cancelled'] = ['j-1', 'j-2'];
    subscriber.emit('ready');
    await settled();
    expect(running.stop.reason).toMatchObject({ code: 'BULLPEN_JOB_CANCELLED' });
    expect(mayStart('mail', 'j-2')).toBe(false);
  });

  it('do not ask a Redis that is away', async () => {
    const { redis, subscriber } = watching();
    redis.status = 'reconnecting';
    subscriber.emit('ready');
    await settled();
    expect(redis.reads).toBe(0);
  });

  it('forget what other workers have settled', async () => {
    const { cancellations, notes, mayStart } = watching();
    notes['p:mail:cancelled'] = ['j-1'];
    await cancellations.load();
    notes['p:mail:cancelled'] = [];
    await cancellations.load();
    expect(mayStart('mail', 'j-1')).toBe(true);
  });

  it('do not forget what was published while they were reading notes that are older', async () => {
    const { cancellations, redis, publish, mayStart } = watching();
    let answer: (() => void) | undefined;
    redis.hold = new Promise((resolve) => {
      answer = resolve;
    });
    const loading = cancellations.load();
    publish('p:mail:cancelled', 'j-1');
    answer?.();
    await loading;
    expect(mayStart('mail', 'j-1')).toBe(false);
  });

  it('tell when the notes cannot be loaded, and leave nothing unhandled when they cannot be read again', async () => {
    const { cancellations, redis, subscriber } = watching();
    redis.hold = Promise.reject(new Error('Connection is closed.'));
    await expect(cancellations.load()).rejects.toThrow('Connection is closed.');
    subscriber.emit('ready');
    await settled();
  });

  it('close their own connection, and not the shared one', () => {
    const { cancellations, subscriber } = watching();
    cancellations.close();
    expect(subscriber.isClosed).toBe(true);
  });
});
