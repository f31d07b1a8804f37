import { EventEmitter } from 'node:events';
import type { Redis } from '@bullpen/shared/internal';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fetchedJob, leaseFor } from '../../test/fetched-job.js';
import type { ScriptedRedis } from '../redis/commands.js';
import type { ActiveAttempt } from './active-attempt.js';
import { ActiveAttempts } from './active-attempts.js';
import { Cancellations } from './cancellations.js';

/** The cancellations of queues mail and images, over two connections that the test controls. */
function watching() {
  /** What Redis has: the ids of cancelled jobs, and the names of cancelled batches in their order. */
  const marks = new Set<string>();
  const batches: string[] = [];
  const subscriber = Object.assign(new EventEmitter(), {
    isClosed: false,
    disconnect() {
      subscriber.isClosed = true;
    },
  });
  const redis = {
    status: 'ready',
    /** How many jobs each call asked about, and how many names it got. */
    calls: [] as { readonly jobs: number; readonly names: number }[],
    /** What a call waits for before it answers. It answers what Redis had when it was sent. */
    hold: undefined as Promise<void> | undefined,
    refuses: undefined as Error | undefined,
    async bullpenCancelledAmong(_: string, base: string, last: string, ...jobs: string[]) {
      if (redis.refuses !== undefined) throw redis.refuses;
      const answers = jobs.filter((__, at) => at % 2 === 0);
      const text = answers.map((id, at) => {
        const batch = jobs[2 * at + 1] ?? '';
        return marks.has(base + id) || batches.includes(base + batch) ? '1' : '0';
      });
      const from = last === '-inf' ? 0 : Number(last);
      const names = base === 'p:mail:' ? batches.slice(from).map((name) => name.slice(base.length)) : [];
      redis.calls.push({ jobs: answers.length, names: names.length });
      await redis.hold;
      return [text.join(''), String(base === 'p:mail:' ? batches.length : 0), names];
    },
  };
  const active = new ActiveAttempts();
  /** Since when publications arrive. */
  const hearing = { since: undefined as number | undefined };
  const cancellations = new Cancellations(
    redis as unknown as ScriptedRedis,
    subscriber as unknown as Redis,
    'p',
    ['mail', 'images'],
    active,
    () => hearing.since,
  );
  onTestFinished(() => cancellations.close());
  const publish = (channel: string, id: string): void => void subscriber.emit('message', channel, id);
  /** Marks a job and publishes it, as a producer does. */
  const cancel = (queue: string, jobId: string): void => {
    marks.add(`p:${queue}:${jobId}`);
    publish(`p:${queue}:cancelled`, jobId);
  };
  /** Notes that a batch of queue mail is cancelled, without a publication. */
  const noteBatch = (name: string): void => void batches.push(`p:mail:${name}`);
  const cancelBatch = (name: string): void => {
    noteBatch(name);
    publish('p:mail:cancelled', `batch:${name}`);
  };
  /** Begins an attempt. */
  const begin = (jobId: string, { queue = 'mail', batch = undefined as string | undefined, cancelled = false } = {}) =>
    active.begin(fetchedJob({ queue, id: jobId, cancelled, opts: { bullpen: { batch } } }), leaseFor());
  /** Whether a job may start, and how many calls it took to find out. */
  const mayStart = async (attempt: ActiveAttempt): Promise<[boolean, number]> => {
    const before = redis.calls.length;
    const isCancelled = cancellations.mayBeCancelled(attempt) && (await cancellations.isCancelled(attempt));
    return [!isCancelled, redis.calls.length - before];
  };
  return {
    ...{ cancellations, active, marks, redis, subscriber, hearing },
    ...{ publish, cancel, noteBatch, cancelBatch, begin, mayStart },
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const reasonOf = ({ stop }: ActiveAttempt): string => (stop.reason as { code?: string } | undefined)?.code ?? '';
const CANCELLED = 'BULLPEN_JOB_CANCELLED';

describe('Cancellations', () => {
  it('stop a job that came with a mark, and ask nobody about it nor about other jobs', async () => {
    const { begin, mayStart } = watching();
    expect(await mayStart(begin('j-1', { cancelled: true }))).toEqual([false, 0]);
    expect(await mayStart(begin('j-2'))).toEqual([true, 0]);
  });

  it('stop the jobs of a batch that was cancelled before this worker started, after they were loaded', async () => {
    const { cancellations, noteBatch, begin, mayStart } = watching();
    noteBatch('b1');
    await cancellations.load();
    expect(await mayStart(begin('b-b1-1', { batch: 'b1' }))).toEqual([false, 1]);
    expect(await mayStart(begin('b-b2-1', { batch: 'b2' }))).toEqual([true, 0]);
  });

  it('receive publications for every queue served, and abort the running attempt at the job, and no other', async () => {
    const { begin, cancel } = watching();
    const [running, other] = [begin('j-1'), begin('j-1', { queue: 'images' })];
    cancel('mail', 'j-1');
    await settled();
    expect([reasonOf(running), reasonOf(other)]).toEqual([CANCELLED, '']);
  });

  it('stop a job that was published while the reply that brings it was on its way', async () => {
    const { begin, cancel, mayStart, subscriber } = watching();
    cancel('mail', 'j-1');
    // One interval later it is still remembered.
    subscriber.emit('ready');
    await settled();
    const attempt = begin('j-1');
    expect(await mayStart(attempt)).toEqual([false, 1]);
    // What Redis has said of an attempt is not asked again: each row of a shared job asks.
    expect(await mayStart(attempt)).toEqual([false, 0]);
  });

  it('stop nothing for a publication that Redis does not confirm, and ask about it once', async () => {
    const { begin, publish, mayStart } = watching();
    publish('p:mail:cancelled', 'j-1');
    publish('p:mail:cancelled', 'batch:b1');
    expect(await mayStart(begin('j-1'))).toEqual([true, 1]);
    expect(await mayStart(begin('j-1'))).toEqual([true, 0]);
    expect(await mayStart(begin('b-b1-1', { batch: 'b1' }))).toEqual([true, 1]);
    expect(await mayStart(begin('b-b1-2', { batch: 'b1' }))).toEqual([true, 0]);
  });

  it('let a job start while Redis cannot be asked, and abort it when Redis can be', async () => {
    const { begin, cancel, redis, mayStart, subscriber } = watching();
    redis.refuses = new Error('LOADING Redis is loading the dataset in memory');
    cancel('mail', 'j-1');
    const attempt = begin('j-1');
    expect(await mayStart(attempt)).toEqual([true, 0]);
    redis.refuses = undefined;
    subscriber.emit('ready');
    await settled();
    expect(reasonOf(attempt)).toBe(CANCELLED);
  });

  it('abort every running attempt of a cancelled batch in one call, and none of another batch, queue or job', async () => {
    const { begin, cancelBatch, redis } = watching();
    const [one, two] = [begin('b-b1-1', { batch: 'b1' }), begin('b-b1-2_9', { batch: 'b1' })];
    const others = [begin('b-b2-1', { batch: 'b2' }), begin('b-b1-1', { queue: 'images', batch: 'b1' }), begin('j-1')];
    cancelBatch('b1');
    await settled();
    expect([one, two, ...others].map(reasonOf)).toEqual([CANCELLED, CANCELLED, '', '', '']);
    expect(redis.calls).toHaveLength(1);
  });

  it('ignore publications on other channels', async () => {
    const { begin, cancel, mayStart } = watching();
    cancel('fax', 'j-1');
    expect(await mayStart(begin('j-1'))).toEqual([true, 0]);
  });

  it('ask every few seconds about the jobs that run, because a publication may have been missed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { marks, begin, noteBatch } = watching();
    const [job, row, other] = [begin('j-1'), begin('b-b1-1', { batch: 'b1' }), begin('j-2')];
    marks.add('p:mail:j-1');
    noteBatch('b1');
    vi.advanceTimersByTime(4_010);
    await settled();
    expect([job, row, other].map(reasonOf)).toEqual([CANCELLED, CANCELLED, '']);
  });

  it('ask about a queue without jobs only until they have asked once since they hear what is published', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { cancellations, begin, hearing, redis } = watching();
    await cancellations.load();
    const asked = async (): Promise<number> => {
      redis.calls.length = 0;
      vi.advanceTimersByTime(4_010);
      await settled();
      return redis.calls.length;
    };
    expect([await asked(), await asked()]).toEqual([2, 2]);
    hearing.since = performance.now();
    expect([await asked(), await asked()]).toEqual([2, 0]);
    begin('j-1');
    expect([await asked(), await asked()]).toEqual([1, 1]);
    // It has subscribed anew: something may have been published in between.
    hearing.since = performance.now();
    expect([await asked(), await asked()]).toEqual([2, 1]);
    hearing.since = undefined;
    expect([await asked(), await asked()]).toEqual([2, 2]);
  });

  it('ask about what is new and what runs, not about what exists', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { cancellations, marks, begin, noteBatch, redis } = watching();
    for (let at = 0; at < 1_000; at += 1) marks.add(`p:mail:x-${at}`);
    for (let at = 0; at < 20; at += 1) noteBatch(`old-${at}`);
    await cancellations.load();
    redis.calls.length = 0;
    noteBatch('new');
    for (let at = 0; at < 501; at += 1) begin(`j-${at}`);
    vi.advanceTimersByTime(4_010);
    await settled();
    expect(redis.calls).toEqual([
      { jobs: 500, names: 1 },
      { jobs: 0, names: 0 },
      { jobs: 1, names: 0 },
    ]);
  });

  it('read all batches again after a reconnect: Redis may be another one', async () => {
    const { cancellations, noteBatch, redis, subscriber } = watching();
    for (const name of ['b1', 'b2']) noteBatch(name);
    await cancellations.load();
    subscriber.emit('ready');
    await settled();
    const names = redis.calls.map((call) => call.names);
    expect(names).toEqual([2, 0, 2, 0]);
  });

  it('do not ask a Redis that is away', async () => {
    const { redis, subscriber } = watching();
    redis.status = 'reconnecting';
    subscriber.emit('ready');
    await settled();
    expect(redis.calls).toEqual([]);
  });

  it('do not forget what was published while an older answer was on its way', async () => {
    const { cancellations, redis, begin, cancelBatch, mayStart } = watching();
    let answer: (() => void) | undefined;
    redis.hold = new Promise((resolve) => {
      answer = resolve;
    });
    const loading = cancellations.load();
    cancelBatch('b1');
    answer?.();
    await loading;
    expect(await mayStart(begin('b-b1-1', { batch: 'b1' }))).toEqual([false, 1]);
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
