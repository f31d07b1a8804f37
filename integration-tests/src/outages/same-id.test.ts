import { defineJob, JobSnoozed } from '@bullpen/shared';
import { type Context, handle } from '@bullpen/worker';
import { Worker } from 'bullmq';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { sourceOf } from '../support/batch-source.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

const job = defineJob({
  ...{ name: 'test.same', queue: 'same', payload: z.object({ name: z.string() }), maxAttempts: 2 },
});

/** A promise, and what resolves it. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('a new job with the id of an old one', () => {
  test('is not recorded with the result of the old one, which a worker still attempts', async ({ world }) => {
    const { redis, prefix } = world;
    const base = `${prefix}:${job.queue}:`;
    const queue = world.queue(job.queue);
    const { opened, open } = gate();
    let begun = 0;
    const handlers = [
      handle(job, async ({ name }) => {
        begun += 1;
        await opened;
        return `result of ${name}`;
      }),
    ];
    await queue.add(job.name, { name: 'old' }, { jobId: 'same' });
    // So long a lease is not renewed during the test, nor does a stall check come.
    const frozen = world.worker({ handlers, lease: '60s', concurrency: 1 });
    await until('the old job to run', () => begun === 1);
    // Another worker has finished it, and it was trimmed.
    await redis.multi().lrem(`${base}active`, 1, 'same').del(`${base}same`, `${base}same:lock`).exec();
    await queue.add(job.name, { name: 'new' }, { jobId: 'same' });
    const dead = new Worker(job.queue, null, { connection: redis, prefix, name: 'dead', autorun: false });
    world.onClose(() => dead.close());
    await dead.getNextJob('token', { block: false });
    await redis.del(`${base}same:lock`);
    open();
    await until('the old attempt to end', () => frozen.active === 0);
    const found = await queue.getJob('same');
    expect([found?.data, found?.returnvalue, await found?.getState()]).toEqual([{ name: 'new' }, null, 'active']);
    expect((await frozen.drain()).sinceStart).toMatchObject({ completed: 0, unrecorded: 1 });
  });
});

const tokenJob = (name: string, delay: number) =>
  defineJob({
    ...{ name, queue: 'tokens', payload: z.object({ name: z.string() }), maxAttempts: 3 },
    backoff: { type: 'fixed', delay, jitter: 0 },
  });
const once = tokenJob('test.once', 60_000);
const again = tokenJob('test.again', 0);
const later = (): never => {
  throw new JobSnoozed({ in: '1h' });
};
const fail = (): never => {
  throw new Error('boom');
};

/** By which way a worker fetches three times: how the attempts end, and what is special. */
interface Way {
  readonly end: (context: Context) => unknown;
  /** Three rows of a batch instead of three jobs. */
  readonly isBatch?: boolean;
  /** One job that is attempted three times. */
  readonly isOne?: boolean;
  /** What is done before the jobs are enqueued. */
  readonly before?: (world: World) => Promise<unknown>;
}

const WAYS: Record<string, Way> = {
  'with the end of another job, a success': { end: () => 'done' },
  'with the end of another job, the success of a row': { isBatch: true, end: () => 'done' },
  'with the end of another job, a failure that is retried later': { end: fail },
  'after a snooze': { end: later },
  'after a failure of the same job, which is retried at once': { isOne: true, end: fail },
  'after a rate limit': {
    end: () => 'done',
    before: ({ redis, prefix }) => redis.hset(`${prefix}:tokens:meta`, 'max', 1, 'duration', 50),
  },
};

/** Collects the token of each lease that an attempt has. */
function collecting(world: World, end: Way['end']) {
  const tokens: (string | null)[] = [];
  const attempt = async (_: unknown, context: Context): Promise<never> => {
    tokens.push(await world.redis.get(`${world.prefix}:${once.queue}:${context.jobId}:lock`));
    return end(context) as never;
  };
  const handlers = [handle(once, attempt), handle(again, attempt)];
  const three = () => until('three attempts', () => tokens.length === 3);
  return { tokens, handlers, three };
}

async function enqueueFor(world: World, { isBatch = false, isOne = false }: Partial<Way>): Promise<void> {
  const producer = world.producer();
  const payloads = ['1', '2', '3'].map((name) => ({ name }));
  if (isBatch) await producer.batches.run(once, { name: 'x', source: sourceOf(payloads) });
  else if (isOne) await producer.enqueue(again, { name: '1' });
  else for (const payload of payloads) await producer.enqueue(once, payload);
}

describe('every fetch has a token of its own:', () => {
  for (const [name, way] of Object.entries(WAYS)) {
    test(`one that comes ${name}`, async ({ world }) => {
      const { tokens, handlers, three } = collecting(world, way.end);
      await way.before?.(world);
      await enqueueFor(world, way);
      world.worker({ handlers, concurrency: 1 });
      await three();
      expect(tokens).not.toContain(null);
      expect(new Set(tokens).size).toBe(3);
    });
  }

  test('one that is sent again because its answer was lost, and the one after it', async ({ world }) => {
    const { proxy, url } = await world.proxy();
    const { tokens, handlers, three } = collecting(world, () => 'done');
    const queue = world.queue(once.queue);
    await enqueueFor(world, {});
    // Of what is sent before a job has ended, only a fetch names the limiter.
    proxy.keepRepliesTo('tokens:limiter');
    world.worker({ redis: url, handlers, concurrency: 1 });
    await until('a job to be fetched', async () => (await queue.getActiveCount()) === 1);
    proxy.heal();
    proxy.cut();
    await three();
    expect(tokens).not.toContain(null);
    expect(new Set(tokens).size).toBe(3);
    for (const found of await queue.getCompleted()) expect(found.stalledCounter).toBe(0);
  });
});
