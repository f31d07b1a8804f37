import type { CancelResult, EnqueueOptions, Producer } from '@bullpen/producer';
import { createLogger, defineJob, type Logger } from '@bullpen/shared';
import { hashKey, queueKeys } from '@bullpen/shared/internal';
import { handle, JobRejected } from '@bullpen/worker';
import type { Queue } from 'bullmq';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { sourceOf } from '../support/batch-source.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

const job = defineJob({
  ...{ name: 'test.keyed', queue: 'keyed', payload: z.object({ does: z.string().default('return'), id: z.string() }) },
  maxAttempts: 1,
});

/** A worker, and what lets its handlers that wait return. */
function working(world: World, options: Partial<Parameters<World['worker']>[0]> = {}) {
  let letGo = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  world.onClose(async () => letGo());
  const run = async ({ does }: { does: string }, signal: AbortSignal): Promise<void> => {
    if (does === 'reject') throw new JobRejected('no');
    if (does === 'wait')
      await Promise.race([gate, new Promise((resolve) => signal.addEventListener('abort', resolve))]);
  };
  const handlers = [handle(job, (payload, { signal }) => run(payload, signal))];
  return { worker: world.worker({ handlers, ...options }), letGo };
}

const enqueue = (producer: Producer, does = 'return', options: EnqueueOptions = {}) =>
  producer.enqueue(job, { id: '1', does }, { key: 'k', ...options });

const record = (world: World, key = 'k'): string => `${world.prefix}:${job.queue}:key:${hashKey(job.name, key)}`;

/** A logger that keeps its warnings. */
function logged() {
  const lines: Record<string, unknown>[] = [];
  const warn = (fields: object, msg: string): void => void lines.push({ ...fields, msg });
  return { lines, logger: Object.assign(createLogger({ level: 'silent' }), { warn }) as Logger };
}

describe('a key is held by a job', () => {
  test('that is delayed, waits, runs or has completed; the answer names it', async ({ world }) => {
    const producer = world.producer();
    const queue = world.queue(job.queue);
    const { id, status } = await enqueue(producer, 'wait', { delay: '1h' });
    expect(status).toBe('added');
    const isHeld = async (state: string) => {
      expect(await queue.getJobState(id)).toBe(state);
      expect(await enqueue(producer)).toEqual({ status: 'duplicate', id });
    };
    await isHeld('delayed');
    await (await queue.getJob(id))?.promote();
    await isHeld('waiting');
    const { worker, letGo } = working(world);
    await until('the job to run', () => worker.active === 1);
    await isHeld('active');
    letGo();
    await world.settled(queue, id);
    await isHeld('completed');
    // The record of a completed job expires when the job does.
    const ttl = await world.redis.pttl(record(world));
    expect(ttl).toBeGreaterThan(86_000_000);
    expect(ttl).toBeLessThanOrEqual(86_400_000);
  });

  test('and not by one that has failed for good: its record stays, and the next job exists beside it', async ({
    world,
  }) => {
    const producer = world.producer();
    const queue = world.queue(job.queue);
    working(world);
    const first = await enqueue(producer, 'reject');
    await world.settled(queue, first.id);
    const second = await enqueue(producer, 'reject');
    expect(second.status).toBe('added');
    expect(second.id).not.toBe(first.id);
    await world.settled(queue, second.id);
    expect((await queue.getFailed()).map(({ id }) => id).sort()).toEqual([first.id, second.id].sort());
  });

  test('and not by one that another client has removed, or a worker has trimmed', async ({ world }) => {
    const producer = world.producer();
    const queue = world.queue(job.queue);
    const first = await enqueue(producer);
    await queue.remove(first.id);
    const second = await enqueue(producer);
    expect(second.status).toBe('added');
    const { worker } = working(world, { keepCompleted: { count: 1 } });
    await world.settled(queue, second.id);
    expect((await enqueue(producer)).status).toBe('duplicate');
    await producer.enqueue(job, { id: '2' });
    await worker.process.untilEmpty();
    expect((await enqueue(producer)).status).toBe('added');
  });

  test('also of rows of batches: both use one record', async ({ world }) => {
    const producer = world.producer();
    const { id } = await enqueue(producer);
    const rows = sourceOf([{ id: 'k' }, { id: 'row' }, { id: 'row' }, { id: 'bad', does: 'reject' }]);
    const batch = { name: 'b', source: rows, keyField: 'id' };
    expect(await producer.batches.run(job, batch)).toMatchObject({ added: 2, duplicate: 2 });
    expect(await world.redis.get(record(world, 'row'))).toBe('b-b-2');
    expect(await producer.enqueue(job, { id: '1' }, { key: 'row' })).toEqual({ status: 'duplicate', id: 'b-b-2' });
    await working(world).worker.process.untilEmpty();
    // A row that failed frees its key, and one that completed keeps it. The job of the row is gone.
    expect((await producer.enqueue(job, { id: '1' }, { key: 'bad' })).status).toBe('added');
    expect(await producer.enqueue(job, { id: '1' }, { key: 'row' })).toEqual({ status: 'duplicate', id: 'b-b-2' });
    expect((await enqueue(producer)).id).toBe(id);
  });

  test('which a chunk names for each of its duplicates, also when the chunk has the key twice', async ({ world }) => {
    const producer = world.producer();
    const duplicate = { status: 'duplicate', id: (await enqueue(producer)).id };
    const answers = await producer.enqueueMany(job, [{ id: '1' }, { id: '2' }], { key: () => 'k' });
    expect(answers).toEqual([duplicate, duplicate]);
  });

  test('a row that is sent again under the same name and number does not take its own old key', async ({ world }) => {
    const producer = world.producer();
    const send = () => producer.batches.run(job, { name: 'b', source: sourceOf([{ id: 'row' }]), keyField: 'id' });
    expect(await send()).toMatchObject({ added: 1 });
    const books = await world.redis.keys(`${world.prefix}:${job.queue}:batch*`);
    await world.redis.del(...books);
    expect(await send()).toMatchObject({ added: 0, duplicate: 1 });
  });
});

describe('cancel', () => {
  const places: Record<string, (world: World, producer: Producer, queue: Queue) => Promise<string>> = {
    waiting: async (_, producer) => (await enqueue(producer)).id,
    delayed: async (_, producer) => (await enqueue(producer, 'return', { delay: '1h' })).id,
    prioritized: async (_, producer) => (await enqueue(producer, 'return', { priority: 3 })).id,
    'waiting on a paused queue': async (_, producer, queue) => {
      await queue.pause();
      return (await enqueue(producer)).id;
    },
  };
  for (const [place, put] of Object.entries(places)) {
    test(`takes a job off the queue that is ${place}, counts it, and frees its key`, async ({ world }) => {
      const producer = world.producer();
      const queue = world.queue(job.queue);
      const other = await producer.enqueue(
        job,
        { id: '2' },
        place === 'prioritized' ? { priority: 1 } : { delay: '1h' },
      );
      const id = await put(world, producer, queue);
      expect(await producer.cancel(job, id)).toBe('cancelled');
      expect(await queue.getJob(id)).toBeUndefined();
      expect(await world.redis.keys(`${world.prefix}:*${id}`)).toEqual([`${world.prefix}:keyed:cancelled:${id}`]);
      expect(await world.redis.exists(record(world))).toBe(0);
      expect((await producer.queues())[0]).toMatchObject({ cancelled: 1, failed: 0 });
      const [, event] = (await world.redis.xrevrange(`${world.prefix}:keyed:events`, '+', '-', 'COUNT', 1))[0] ?? [];
      const prev = { prioritized: 'prioritized', delayed: 'delayed' }[place] ?? 'wait';
      expect(event).toEqual(['event', 'removed', 'jobId', id, 'prev', prev]);
      // Sent again after a lost reply, it says the same.
      expect(await producer.cancel(job, id)).toBe('cancelled');
      expect((await producer.queues())[0]).toMatchObject({ cancelled: 1 });
      const next = await enqueue(producer, 'return', place === 'prioritized' ? { priority: 3 } : {});
      expect(next).toMatchObject({ status: 'added', id: expect.not.stringMatching(id) });
      expect(await queue.getJob(other.id)).toBeDefined();
    });
  }

  test('asks the workers to abort a job that runs; its key is free afterwards', async ({ world }) => {
    const producer = world.producer();
    const queue = world.queue(job.queue);
    const { worker } = working(world);
    const { id } = await producer.enqueue(job, { id: '1', does: 'hang' }, { key: 'k' });
    await world.settled(queue, id);
    const running = await producer.enqueue(job, { id: '1', does: 'wait' }, { key: 'running' });
    await until('the job to run', () => worker.active === 1);
    expect(await producer.cancel(job, running.id)).toBe<CancelResult>('requested');
    await world.settled(queue, running.id);
    expect(await producer.cancel(job, running.id)).toBe('settled');
  });

  test('settles the rows of a waiting job in the books, and frees their keys', async ({ world }) => {
    const producer = world.producer();
    const rows = ['a', 'b', 'c'].map((id) => ({ id }));
    await producer.batches.run(job, { name: 'one', source: sourceOf(rows), keyField: 'id' });
    const more = ['d', 'e', 'f'].map((id) => ({ id }));
    await producer.batches.run(job, {
      name: 'shared',
      source: sourceOf(more),
      keyField: 'id',
      rowsPerJob: 3,
      delay: '1h',
    });
    expect(await producer.cancel(job, 'b-one-2')).toBe('cancelled');
    expect(await producer.cancel(job, 'b-shared-1_3')).toBe('cancelled');
    expect(await producer.batches.show({ name: 'one' })).toMatchObject({ added: 3, cancelled: 1, waiting: 2 });
    expect(await producer.batches.show({ name: 'shared' })).toMatchObject({ added: 3, cancelled: 3, delayed: 0 });
    const status = async (key: string) => (await producer.enqueue(job, { id: '1' }, { key })).status;
    expect([await status('a'), await status('b'), await status('e')]).toEqual(['duplicate', 'added', 'added']);
    expect((await producer.queues())[0]).toMatchObject({ cancelled: 2 });
  });

  test('frees the keys of rows also when the books have expired before', async ({ world }) => {
    const producer = world.producer();
    const delayed = { keyField: 'id', delay: '1h' } as const;
    await producer.batches.run(job, { name: 'one', source: sourceOf([{ id: 'a' }]), ...delayed });
    const source = sourceOf(['b', 'c'].map((id) => ({ id })));
    await producer.batches.run(job, { name: 'shared', source, rowsPerJob: 2, ...delayed });
    await world.redis.del(...(await world.redis.keys(`${world.prefix}:${job.queue}:batch*`)));
    expect(await producer.cancel(job, 'b-one-1')).toBe('cancelled');
    expect(await producer.cancel(job, 'b-shared-1_2')).toBe('cancelled');
    // And writes no books anew.
    expect(await world.redis.keys(`${world.prefix}:${job.queue}:batch*`)).toEqual([]);
    const status = async (key: string) => (await producer.enqueue(job, { id: '1' }, { key })).status;
    expect([await status('a'), await status('b'), await status('c')]).toEqual(['added', 'added', 'added']);
  });

  test('settles the row of a job that came while it read which rows the job has', async ({ world }) => {
    const { proxy, url } = await world.proxy();
    const slow = world.producer({ redis: url });
    await slow.queues();
    proxy.delayMs = 500;
    const cancelling = slow.cancel(job, 'b-b-1');
    const readers = async () => String(await world.redis.client('LIST')).match(/name=bullpen:producer .* cmd=hmget/g);
    await until('the producer to have read', readers);
    const producer = world.producer();
    await producer.batches.run(job, { name: 'b', source: sourceOf([{ id: 'a' }]), keyField: 'id' });
    proxy.delayMs = 0;
    expect(await cancelling).toBe('cancelled');
    expect(await producer.batches.show({ name: 'b' })).toMatchObject({ added: 1, cancelled: 1, stage: 'settled' });
    expect(await world.redis.exists(record(world, 'a'))).toBe(0);
  });

  test('says of a row what its batch says, also when a batch of this name had one before', async ({ world }) => {
    const producer = world.producer();
    const rows = ['return', 'reject', 'return'].map((does, at) => ({ does, id: `${at}` }));
    const send = () => producer.batches.run(job, { name: 'b', source: sourceOf(rows) });
    await send();
    const answers = () => Promise.all(['b-b-1', 'b-b-2', 'b-b-3', 'b-b-4'].map((id) => producer.cancel(job, id)));
    expect(await answers()).toEqual(['cancelled', 'cancelled', 'cancelled', 'unknown']);
    await world.redis.del(...(await world.redis.keys(`${world.prefix}:${job.queue}:batch*`)));
    await send();
    expect(await producer.cancel(job, 'b-b-3')).toBe('cancelled');
    await working(world).worker.process.untilEmpty();
    expect(await answers()).toEqual(['settled', 'settled', 'cancelled', 'unknown']);
  });

  test('knows no job by the name of another key of the queue', async ({ world }) => {
    const producer = world.producer();
    await enqueue(producer);
    for (const id of ['wait', 'meta', 'events', `key:${hashKey(job.name, 'k')}`, '']) {
      expect([id, await producer.cancel(job, id)]).toEqual([id, 'unknown']);
    }
    const { base, meta } = queueKeys(world.prefix, job.queue);
    expect(await world.redis.hexists(meta, 'defa')).toBe(0);
    expect(await world.redis.keys(`${base}cancelled*`)).toEqual([]);
  });

  test('of a job that is cancelled while the reply to its enqueue is lost: it is not added again', async ({
    world,
  }) => {
    const { proxy, url } = await world.proxy();
    const lossy = world.producer({ redis: url });
    await lossy.queues();
    proxy.mode = 'lose-replies';
    const enqueued = enqueue(lossy);
    await until('a reply to be lost', () => proxy.lost > 0);
    const producer = world.producer();
    const { id } = await enqueue(producer);
    expect(await producer.cancel(job, id)).toBe('cancelled');
    proxy.mode = 'forward';
    expect(await enqueued).toEqual({ status: 'added', id });
    expect(await world.queue(job.queue).getJobCountByTypes('wait', 'delayed')).toBe(0);
  });
});

describe('a lost reply', () => {
  test('never adds a second job, whatever became of the first', async ({ world }) => {
    for (const does of ['return', 'reject']) {
      const { proxy, url } = await world.proxy();
      const lossy = world.producer({ redis: url });
      await lossy.queues();
      const { worker } = working(world, { keepCompleted: { count: 1 } });
      proxy.mode = 'lose-replies';
      const enqueued = enqueue(lossy, does, { key: does });
      await until('a reply to be lost', () => proxy.lost > 0);
      // The job ends, and if it completed it is trimmed.
      await world.producer().enqueue(job, { id: 'other' });
      await worker.process.untilEmpty();
      proxy.mode = 'forward';
      expect(await enqueued).toMatchObject({ status: 'added' });
      expect(await world.queue(job.queue).getJobCountByTypes('wait', 'active')).toBe(0);
      expect(await world.queue(job.queue).getJobCountByTypes('failed')).toBe(does === 'reject' ? 1 : 0);
      await worker.drain();
    }
  });
});

describe('a chunk whose reply is lost', () => {
  /**
   * Enqueues over a connection that loses the reply, lets workers do `meanwhile`, and then answers.
   */
  async function losing<T>(world: World, send: (lossy: Producer) => Promise<T>, meanwhile: () => Promise<unknown>) {
    const { proxy, url } = await world.proxy();
    const lossy = world.producer({ redis: url });
    await lossy.queues();
    const { worker } = working(world, { keepCompleted: { count: 1 } });
    proxy.mode = 'lose-replies';
    const sent = send(lossy);
    sent.catch(() => undefined);
    await until('a reply to be lost', () => proxy.lost > 0);
    await worker.process.untilEmpty();
    await worker.drain();
    await meanwhile();
    proxy.mode = 'forward';
    return sent;
  }

  test('has no job added again that is trimmed by now, as long as one of its jobs is there', async ({ world }) => {
    const payloads = Array.from({ length: 10 }, (_, at) => ({ id: `${at}` }));
    const answers = await losing(
      world,
      (lossy) => lossy.enqueueMany(job, payloads),
      async () => undefined,
    );
    expect(answers.map(({ status }) => status)).toEqual(payloads.map(() => 'added'));
    expect(await world.queue(job.queue).getJobCounts('wait', 'completed')).toEqual({ wait: 0, completed: 1 });
  });

  test('is added, also when jobs without a priority wait on the queue by now', async ({ world }) => {
    const answer = await losing(
      world,
      (lossy) => lossy.enqueue(job, { id: '1' }, { priority: 1 }),
      () => world.producer().enqueue(job, { id: '2' }),
    );
    expect(answer.status).toBe('added');
    expect(await world.queue(job.queue).getJobCounts('wait', 'prioritized')).toEqual({ wait: 1, prioritized: 0 });
  });
});

describe('a batch that is retried', () => {
  test('leaves a row whose key another job has by now', async ({ world }) => {
    const producer = world.producer();
    const rows = ['a', 'b'].map((id) => ({ id, does: 'reject' }));
    await producer.batches.run(job, { name: 'b', source: sourceOf(rows), keyField: 'id' });
    const { worker } = working(world);
    await worker.process.untilEmpty();
    await worker.drain();
    await producer.enqueue(job, { id: '1' }, { key: 'a', delay: '1h' });
    expect(await producer.batches.retry(job, { name: 'b' })).toMatchObject({ retried: 1, keyTaken: 1 });
    expect(await producer.batches.retry(job, { name: 'b' })).toMatchObject({ retried: 0, keyTaken: 1 });
    expect(await world.redis.get(record(world, 'b'))).toBe('b-b-2');
  });
});

describe('what is kept', () => {
  test('failed jobs are removed beyond keepFailed, counted, and warned about once', async ({ world }) => {
    const producer = world.producer();
    const { lines, logger } = logged();
    const { worker } = working(world, { keepFailed: { count: 3 }, logger });
    await producer.enqueueMany(
      job,
      Array.from({ length: 8 }, (_, at) => ({ id: `${at}`, does: 'reject' })),
      {
        key: ({ id }) => id ?? '',
      },
    );
    await worker.process.untilEmpty();
    expect((await producer.queues())[0]).toMatchObject({ failed: 3, failedTrimmed: 5 });
    const warned = lines.filter(({ msg }) => String(msg).startsWith('failed jobs were removed'));
    expect(warned).toEqual([
      expect.objectContaining({ queue: job.queue, removed: 1, keepFailed: 3, keepFailedFor: '30d' }),
    ]);
  });

  /** Stores finished jobs as if workers had left them there. */
  async function finished(world: World, set: 'completed' | 'failed', count: number, at = Date.now()): Promise<void> {
    const base = `${world.prefix}:${job.queue}:`;
    const pipeline = world.redis.pipeline();
    for (let nth = 0; nth < count; nth += 1) {
      pipeline.zadd(`${base}${set}`, at, `j-${nth}`);
      pipeline.hset(`${base}j-${nth}`, 'name', job.name, 'data', '{}', 'opts', '{}');
    }
    await pipeline.exec();
  }

  test('counts a failed job that is removed at once, as the clock of its worker is behind', async ({ world }) => {
    await finished(world, 'failed', 3, Date.now() + 60_000);
    const { lines, logger } = logged();
    const { worker } = working(world, { keepFailed: { count: 3 }, logger });
    const producer = world.producer();
    await enqueue(producer, 'reject');
    await worker.process.untilEmpty();
    expect((await producer.queues())[0]).toMatchObject({ failed: 3, failedTrimmed: 1 });
    expect(lines.filter((line) => 'removed' in line)).toEqual([expect.objectContaining({ removed: 1 })]);
    expect(await world.redis.exists(record(world))).toBe(0);
  });

  test.for(['completed', 'failed'] as const)(
    'of many more %s jobs than are kept, the end of a job removes a thousand: Redis does not stop for long',
    async (set, { world }) => {
      await finished(world, set, 2_500);
      const { worker } = working(world, { keepCompleted: { count: 10 }, keepFailed: { count: 10 } });
      const left: number[] = [];
      for (const key of ['a', 'b', 'c', 'd']) {
        await enqueue(world.producer(), set === 'completed' ? 'return' : 'reject', { key });
        await worker.process.untilEmpty();
        left.push(await world.redis.zcard(`${world.prefix}:${job.queue}:${set}`));
      }
      expect(left).toEqual([1_501, 502, 10, 10]);
    },
  );

  test('a value that one worker was told counts for all, and two that disagree say so', async ({ world }) => {
    const producer = world.producer();
    const queue = world.queue(job.queue);
    const [first, second] = [logged(), logged()];
    const told = working(world, { keepCompleted: { count: 5 }, logger: first.logger, lease: '1s' });
    await told.worker.ready;
    const untold = working(world, { lease: '1s' });
    await untold.worker.ready;
    await told.worker.drain();
    await producer.enqueueMany(
      job,
      Array.from({ length: 9 }, (_, at) => ({ id: `${at}` })),
    );
    await untold.worker.process.untilEmpty();
    expect(await queue.getCompletedCount()).toBe(5);
    const running = working(world, { keepCompleted: { count: 5 }, logger: first.logger, lease: '1s' });
    await running.worker.ready;
    const later = working(world, { keepCompleted: { count: 2 }, logger: second.logger });
    await later.worker.ready;
    const disagreement = { queue: job.queue, setting: 'keepCompleted', was: 5, is: 2 };
    // A busy machine adds lines of its own: the event loop stood still.
    const said = ({ lines }: typeof first) => lines.filter((line) => 'setting' in line);
    await until('the running worker to say so', () => said(first).length > 0);
    expect(said(first)).toEqual([expect.objectContaining(disagreement)]);
    expect(said(second)).toEqual([expect.objectContaining(disagreement)]);
    await later.worker.drain();
    await producer.enqueueMany(
      job,
      Array.from({ length: 9 }, (_, at) => ({ id: `${at}` })),
    );
    await running.worker.process.untilEmpty();
    expect(await queue.getCompletedCount()).toBe(2);
  });

  test('the command takes the values as flags', async ({ world }) => {
    const flags = [
      '--keep-completed',
      '7',
      '--keep-completed-for',
      '2h',
      '--keep-failed',
      '8',
      '--keep-failed-for',
      '60d',
    ];
    await world.workerProcess(['--queue', 'precious', ...flags]).logged('worker ready');
    expect(await world.redis.hgetall(`${world.prefix}:precious:meta`)).toMatchObject({
      ...{ 'bullpen.keepCompleted': '7', 'bullpen.keepCompletedFor': '7200000' },
      ...{ 'bullpen.keepFailed': '8', 'bullpen.keepFailedFor': '5184000000' },
    });
  });
});
