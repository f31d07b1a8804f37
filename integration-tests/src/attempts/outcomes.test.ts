import { defineJob } from '@bullpen/shared';
import { handle, JobSnoozed } from '@bullpen/worker';
import { Worker } from 'bullmq';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { handleFleeting, handleHasty, scriptedHandlers } from '../fixtures/handlers.js';
import { fleeting, hasty, scripted } from '../fixtures/jobs.js';
import { THROWN_THINGS } from '../fixtures/thrown-things.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

/**
 * Enqueues one scripted job, attempts it in this process, and returns it as another BullMQ client
 * sees it.
 */
async function run(world: World, payload: Parameters<typeof enqueue>[1]) {
  const id = await enqueue(world, payload);
  world.worker({ handlers: scriptedHandlers });
  return world.settled(world.queue('scripted'), id);
}

async function enqueue(
  world: World,
  payload: Parameters<ReturnType<World['producer']>['enqueue']>[1] & object,
): Promise<string> {
  const { id } = await world.producer().enqueue(scripted, payload as never);
  return id;
}

describe('every outcome, as another BullMQ client sees it', () => {
  test('completed: the result is kept', async ({ world }) => {
    const job = await run(world, { ends: [{ do: 'return', result: { ok: true } }] });
    expect(job).toMatchObject({ returnvalue: { ok: true }, attemptsMade: 1 });
    expect(job.failedReason).toBeUndefined();
  });

  test('failed, then completed: the second attempt is number 2', async ({ world }) => {
    const job = await run(world, { ends: [{ do: 'throw', what: 'error' }, { do: 'return' }] });
    expect(await job.getState()).toBe('completed');
    expect(job.attemptsMade).toBe(2);
  });

  test('failed for good: after maxAttempts, with reason and stack, in the failed set', async ({ world }) => {
    const job = await run(world, { ends: [{ do: 'throw', what: 'error' }] });
    expect(await job.getState()).toBe('failed');
    expect(job).toMatchObject({ attemptsMade: 3, failedReason: 'Error: boom' });
    expect(job.stacktrace).toHaveLength(3);
    expect(job.stacktrace?.[0]).toContain('thrown-things');
  });

  test('failed: its deadline passed', async ({ world }) => {
    const { id } = await world.producer().enqueue(hasty, { ends: [{ do: 'hang', heed: true }] });
    world.worker({ handlers: scriptedHandlers });
    const job = await world.settled(world.queue('scripted'), id);
    expect(job.failedReason).toBe('DeadlineExceeded: the attempt did not finish within 200 ms');
  });

  test('failed: the handler returned after its deadline', async ({ world }) => {
    const { id } = await world.producer().enqueue(hasty, { ends: [{ do: 'work', ms: 400, heed: false }] });
    world.worker({ handlers: scriptedHandlers });
    const job = await world.settled(world.queue('scripted'), id);
    expect(job.failedReason).toContain('DeadlineExceeded');
  });

  for (const what of ['wrong-type', 'bigint', 'cycle'] as const) {
    test(`failed: the handler returns a result that its schema or JSON does not allow (${what})`, async ({ world }) => {
      const { id } = await world.producer().enqueue(hasty, { ends: [{ do: 'return-bad', what }] });
      world.worker({ handlers: scriptedHandlers });
      const job = await world.settled(world.queue('scripted'), id);
      expect(await job.getState()).toBe('failed');
      expect(job.failedReason).toContain('ResultInvalid: result of test.hasty');
    });
  }

  test('rejected: the job goes to the failed set at once, although attempts are left', async ({ world }) => {
    const job = await run(world, { ends: [{ do: 'reject' }] });
    expect(await job.getState()).toBe('failed');
    expect(job).toMatchObject({ attemptsMade: 1, failedReason: 'JobRejected: the script says so' });
  });

  test('rejected: another client enqueued a payload that does not parse', async ({ world }) => {
    const queue = world.queue('scripted');
    const { id } = await queue.add('test.scripted', { ends: 'none' }, { attempts: 5 });
    world.worker({ handlers: scriptedHandlers });
    const job = await world.settled(queue, id as string);
    expect(job.failedReason).toContain('PayloadInvalid: payload of test.scripted: ends: ');
    expect(job.attemptsMade).toBe(1);
  });

  test('rejected: another client enqueued a job name that has no handler', async ({ world }) => {
    const queue = world.queue('scripted');
    const { id } = await queue.add('test.unheard-of', {}, { attempts: 5 });
    world.worker({ handlers: scriptedHandlers });
    const job = await world.settled(queue, id as string);
    expect(job.failedReason).toBe("HandlerMissing: no handler for job 'test.unheard-of'");
  });

  test('expired: the handler is never called and no attempt is spent', async ({ world }) => {
    const { id } = await world.producer().enqueue(fleeting, {});
    await until('the expiry to pass', async () => {
      const [seconds, micros] = await world.redis.time();
      const job = await world.queue('scripted').getJob(id);
      return Number(seconds) * 1000 + Number(micros) / 1000 > (job?.timestamp ?? Number.POSITIVE_INFINITY) + 60;
    });
    world.worker({ handlers: scriptedHandlers });
    const job = await world.settled(world.queue('scripted'), id);
    expect(job.failedReason).toContain('JobExpired');
    expect(job.attemptsMade).toBe(0);
    expect(world.ledger()).toEqual([]);
  });

  test('snoozed: the job runs later and no attempt is spent', async ({ world }) => {
    const job = await run(world, { ends: [{ do: 'snooze', ms: 300 }, { do: 'return' }] });
    expect(await job.getState()).toBe('completed');
    expect(job.attemptsMade).toBe(1);
    expect((job.finishedOn ?? 0) - job.timestamp).toBeGreaterThanOrEqual(300);
  });

  test('cancelled: somebody cancels a running job', async ({ world }) => {
    const id = await enqueue(world, { ends: [{ do: 'hang', heed: true }] });
    const worker = world.worker({ handlers: scriptedHandlers });
    await until('the job to run', () => worker.active === 1);
    expect(await world.producer().cancel(scripted, id)).toBe('requested');
    const job = await world.settled(world.queue('scripted'), id);
    expect(job).toMatchObject({ attemptsMade: 1, failedReason: 'JobCancelled: the job was cancelled' });
    expect(await world.producer().cancel(scripted, id)).toBe('settled');
  });

  test('cancel says when there is no such job', async ({ world }) => {
    expect(await world.producer().cancel(scripted, 'j-nobody')).toBe('unknown');
  });
});

describe('attempts of one job that follow each other closely', () => {
  test('a job snoozes until now, again and again: every attempt is counted', async ({ world }) => {
    const left = new Map<string, number>();
    const handler = handle(scripted, (_, { jobId }) => {
      const more = left.get(jobId) ?? 20;
      left.set(jobId, more - 1);
      if (more > 0) throw new JobSnoozed({ in: 0 });
      return undefined;
    });
    await world.producer().enqueueMany(
      scripted,
      Array.from({ length: 12 }, () => ({})),
    );
    const worker = world.worker({ handlers: [handler, handleHasty, handleFleeting], concurrency: 20 });
    await worker.process.untilEmpty();
    const { sinceStart } = await worker.drain();
    expect(sinceStart).toMatchObject({ completed: 12, snoozed: 240, unrecorded: 0, failed: 0 });
  });

  test('a job is retried at once, again and again: every attempt is counted', async ({ world }) => {
    const eager = defineJob({
      name: 'test.eager',
      queue: 'eager',
      payload: z.object({}),
      maxAttempts: 21,
      backoff: { type: 'fixed', delay: 0 },
    });
    const handler = handle(eager, (_, { attempt }) => {
      if (attempt <= 20) throw new Error('once more');
    });
    await world.producer().enqueueMany(
      eager,
      Array.from({ length: 12 }, () => ({})),
    );
    const worker = world.worker({ handlers: [handler], queues: ['eager'], concurrency: 20 });
    expect(worker.serves).toEqual([{ queue: 'eager', jobs: ['test.eager'], concurrency: 20 }]);
    await worker.process.untilEmpty();
    const { sinceStart } = await worker.drain();
    expect(sinceStart).toMatchObject({ completed: 12, failed: 240, unrecorded: 0 });
  });
});

describe('whatever a handler throws', () => {
  for (const what of THROWN_THINGS) {
    test(`the attempt fails, the job says why, the worker lives: ${what}`, async ({ world }) => {
      const producer = world.producer();
      const queue = world.queue('scripted');
      const { id } = await producer.enqueue(hasty, { ends: [{ do: 'throw', what }] });
      const next = await producer.enqueue(hasty, { ends: [{ do: 'return' }] });
      world.worker({ handlers: scriptedHandlers, concurrency: 1 });
      const job = await world.settled(queue, id);
      expect(await job.getState()).toBe('failed');
      expect(job.failedReason).toMatch(/^\w+: .+/);
      expect(job.failedReason?.length).toBeLessThan(10_000);
      expect(await (await world.settled(queue, next.id)).getState()).toBe('completed');
    });
  }

  test('the reason of a failed job includes the cause of the error', async ({ world }) => {
    const { id } = await world.producer().enqueue(hasty, { ends: [{ do: 'throw', what: 'with-cause' }] });
    world.worker({ handlers: scriptedHandlers });
    const job = await world.settled(world.queue('scripted'), id);
    expect(job.failedReason).toBe('Error: fetch failed (cause: connect ECONNREFUSED)');
  });
});

describe('what is kept', () => {
  test('the number of completed jobs is limited, and every failed job is kept', async ({ world }) => {
    const producer = world.producer();
    const payloads = Array.from({ length: 60 }, (_, at) => ({
      ends: [at % 2 === 0 ? { do: 'return' as const } : { do: 'reject' as const }],
    }));
    await producer.enqueueMany(scripted, payloads);
    const worker = world.worker({ handlers: scriptedHandlers, keepCompleted: { count: 5 } });
    await worker.process.untilEmpty();
    const counts = await world.queue('scripted').getJobCounts('completed', 'failed');
    expect(counts).toEqual({ completed: 5, failed: 30 });
  });

  test('a job that another client enqueued without a policy has the attempts of its definition', async ({ world }) => {
    const queue = world.queue('scripted');
    const { id } = await queue.add('test.scripted', { ends: [{ do: 'throw', what: 'error' }] });
    world.worker({ handlers: scriptedHandlers });
    expect((await world.settled(queue, id as string)).attemptsMade).toBe(3);
  });

  test('a stock BullMQ worker can attempt our jobs', async ({ world }) => {
    const id = await enqueue(world, { ends: [{ do: 'return' }] });
    const stock = new Worker('scripted', async (job) => job.data, { connection: world.redis, prefix: world.prefix });
    world.onClose(() => stock.close());
    const job = await world.settled(world.queue('scripted'), id);
    expect(job.returnvalue).toEqual({ ends: [{ do: 'return' }] });
  });
});
