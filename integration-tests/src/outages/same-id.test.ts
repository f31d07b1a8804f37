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
  backoff: { type: 'fixed', delay: 60_000, jitter: 0 },
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

/** How a slot may come to its next job, and how its jobs are enqueued. */
const WAYS: Record<string, { readonly isBatch?: boolean; end(context: Context): unknown }> = {
  'a success': { end: () => 'done' },
  'the success of a row': { isBatch: true, end: () => 'done' },
  'a failure that is retried later': {
    end: () => {
      throw new Error('boom');
    },
  },
  'a snooze': {
    end: () => {
      throw new JobSnoozed({ in: '1h' });
    },
  },
};

/** Works off three jobs in one slot. The token of each lease. */
async function tokensOf(world: World, { isBatch = false, end }: (typeof WAYS)[string]): Promise<(string | null)[]> {
  const producer = world.producer();
  const payloads = ['1', '2', '3'].map((name) => ({ name }));
  if (isBatch) await producer.batches.run(job, { name: 'x', source: sourceOf(payloads) });
  else for (const payload of payloads) await producer.enqueue(job, payload);
  const tokens: (string | null)[] = [];
  const handler = handle(job, async (_, context) => {
    tokens.push(await world.redis.get(`${world.prefix}:${job.queue}:${context.jobId}:lock`));
    return end(context) as never;
  });
  world.worker({ handlers: [handler], concurrency: 1 });
  await until('three jobs to be attempted', () => tokens.length === 3);
  return tokens;
}

describe('every fetch has a token of its own, also when it comes with the end of another job:', () => {
  for (const [name, way] of Object.entries(WAYS)) {
    test(`after ${name}`, async ({ world }) => {
      const tokens = await tokensOf(world, way);
      expect(tokens).not.toContain(null);
      expect(new Set(tokens).size).toBe(3);
    });
  }
});
