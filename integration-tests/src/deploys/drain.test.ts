import { join } from 'node:path';
import { defineJob } from '@bullpen/shared';
import { type DrainSummary, handle, type RunningWorker } from '@bullpen/worker';
import { FlowProducer } from 'bullmq';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { handleRow } from '../fixtures/handlers.js';
import { row, scripted } from '../fixtures/jobs.js';
import type { RunningCommand } from '../support/command.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

type Ends = NonNullable<Parameters<typeof scripted.payload.parse>[0]>;

/** A worker process that is running `count` attempts of the given script. */
async function busy(world: World, count: number, ends: unknown, args: readonly string[] = []): Promise<RunningCommand> {
  const payloads = Array.from({ length: count }, (_, at) => ({ name: `job ${at}`, ends }) as Ends);
  await world.producer().enqueueMany(scripted, payloads as never);
  const worker = world.workerProcess(['--concurrency', '50', '--queue', 'scripted', ...args]);
  await world.started(count);
  return worker;
}

async function stopped(worker: RunningCommand): Promise<Record<string, unknown>> {
  const { code } = await worker.ended;
  return { code, ...(await worker.logged('worker stopped')) };
}

const counts = (world: World) =>
  world.queue('scripted').getJobCounts('waiting', 'active', 'completed', 'failed', 'delayed');

describe('SIGTERM', () => {
  test('an idle worker exits 0 at once', async ({ world }) => {
    const worker = world.workerProcess();
    await worker.logged('worker ready');
    const startedAt = performance.now();
    worker.kill('SIGTERM');
    expect(await stopped(worker)).toMatchObject({ code: 0, active: 0, completed: 0, handedBack: 0, cutOff: 0 });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal}: active jobs finish, waiting jobs stay, exit 0`, async ({ world }) => {
      const path = join(world.folder, 'finish');
      const worker = await busy(world, 3, [{ do: 'until-file', path }], ['--concurrency', '3']);
      await world.producer().enqueue(scripted, { name: 'too late' });
      worker.kill(signal);
      await worker.logged('worker was told to stop; draining');
      await world.file('finish', '');
      expect(await stopped(worker)).toMatchObject({ code: 0, active: 3, completed: 3, handedBack: 0, cutOff: 0 });
      expect(await counts(world)).toEqual({ waiting: 1, active: 0, completed: 3, failed: 0, delayed: 0 });
    });
  }

  test('a job that heeds its signal is handed back, exit 75, and the next worker starts it as attempt 1 again', async ({
    world,
  }) => {
    const worker = await busy(
      world,
      2,
      [{ do: 'work', ms: 60_000 }],
      ['--drain-timeout', '100ms', '--abort-grace', '20s'],
    );
    worker.kill('SIGTERM');
    expect(await stopped(worker)).toMatchObject({ code: 75, completed: 0, failed: 0, handedBack: 2, cutOff: 0 });
    expect(
      world
        .ledger()
        .filter(({ event }) => event === 'aborted')
        .map(({ reason }) => reason),
    ).toEqual(['WorkerDraining', 'WorkerDraining']);
    expect(await counts(world)).toEqual({ waiting: 2, active: 0, completed: 0, failed: 0, delayed: 0 });
    world.workerProcess();
    const starts = await world.started(4);
    expect(starts.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1]);
  });

  test('a job whose handler never settles is handed back within the limits', async ({ world }) => {
    const worker = await busy(
      world,
      2,
      [{ do: 'hang', heed: false }],
      ['--drain-timeout', '100ms', '--abort-grace', '100ms'],
    );
    worker.kill('SIGTERM');
    const summary = await stopped(worker);
    expect(summary).toMatchObject({ code: 75, handedBack: 2, cutOff: 0 });
    expect(summary['durationMs']).toBeLessThan(2_000);
    const jobs = await world.queue('scripted').getWaiting();
    expect(jobs.map(({ attemptsMade }) => attemptsMade)).toEqual([0, 0]);
  });

  test('a second signal aborts at once', async ({ world }) => {
    const worker = await busy(world, 1, [{ do: 'work', ms: 60_000 }], ['--drain-timeout', '10m']);
    worker.kill('SIGTERM');
    await worker.logged('worker was told to stop; draining');
    worker.kill('SIGTERM');
    expect(await stopped(worker)).toMatchObject({ code: 75, handedBack: 1 });
  });

  test('a second signal counts although the first was not handled yet', async ({ world }) => {
    const worker = await busy(world, 1, [{ do: 'work', ms: 60_000 }], ['--drain-timeout', '10m']);
    worker.kill('SIGTERM');
    worker.kill('SIGINT');
    expect(await stopped(worker)).toMatchObject({ code: 75, handedBack: 1 });
  });

  test('jobs that the last fetches bring are handed back at once: no handler starts after the signal', async ({
    world,
  }) => {
    const payloads = Array.from({ length: 500 }, () => ({ ends: [{ do: 'work' as const, ms: 20 }] }));
    await world.producer().enqueueMany(scripted, payloads);
    const worker = world.workerProcess(['--concurrency', '50', '--queue', 'scripted']);
    await world.started(100);
    worker.kill('SIGTERM');
    const told = await worker.logged('worker was told to stop; draining');
    const summary = await stopped(worker);
    const late = world.ledger().filter(({ event, at }) => event === 'start' && at > Date.parse(String(told['time'])));
    expect(late).toEqual([]);
    expect(summary).toMatchObject({ code: 0, handedBack: 0, cutOff: 0 });
    const { completed = 0, waiting = 0, ...rest } = await counts(world);
    expect(completed + waiting).toBe(500);
    expect(rest).toEqual({ active: 0, failed: 0, delayed: 0 });
    expect(completed).toBe(world.ledger().filter(({ event }) => event === 'end').length);
  });

  for (const priority of [undefined, 5]) {
    test(`a job ${priority === undefined ? 'without' : 'with'} a priority is handed back to the front of its queue, and another worker takes it first`, async ({
      world,
    }) => {
      const options = priority === undefined ? {} : { priority };
      const { id } = await world.producer().enqueue(scripted, { ends: [{ do: 'hang', heed: true }] }, options);
      const one = ['--queue', 'scripted', '--concurrency', '1', '--drain-timeout', '0', '--abort-grace', '5s'];
      const worker = world.workerProcess(one);
      await world.started(1);
      await world.producer().enqueue(scripted, {}, options);
      worker.kill('SIGTERM');
      expect(await stopped(worker)).toMatchObject({ code: 75, handedBack: 1 });
      world.workerProcess(one);
      expect((await world.started(2))[1]).toMatchObject({ jobId: id, attempt: 1 });
    });
  }

  test('during start-up: the worker stops and has started nothing', async ({ world }) => {
    await world.producer().enqueue(scripted, {});
    const worker = world.workerProcess(['--redis', 'redis://127.0.0.1:1']);
    await worker.logged('redis is unavailable; retrying');
    worker.kill('SIGTERM');
    expect(await stopped(worker)).toMatchObject({ code: 0, active: 0 });
  });

  test('with Redis gone: the drain ends in time, names what it could not confirm, and exits 70', async ({ world }) => {
    const { proxy, url } = await world.proxy();
    const limits = ['--drain-timeout', '200ms', '--abort-grace', '200ms'];
    const worker = await busy(world, 1, [{ do: 'hang', heed: true }], ['--redis', url, ...limits]);
    proxy.mode = 'black-hole';
    proxy.cut();
    worker.kill('SIGTERM');
    const summary = await stopped(worker);
    expect(summary).toMatchObject({ code: 70, handedBack: 0, cutOff: 1 });
    expect(summary['durationMs']).toBeLessThan(5_000);
  });

  test('with Redis gone and nothing to do, the worker does not wait for it', async ({ world }) => {
    const { proxy, url } = await world.proxy();
    const worker = world.workerProcess(['--redis', url]);
    await worker.logged('worker ready');
    proxy.mode = 'black-hole';
    proxy.cut();
    await worker.logged('redis connection was lost; retrying');
    worker.kill('SIGTERM');
    const summary = await stopped(worker);
    expect(summary).toMatchObject({ code: 0 });
    expect(summary['durationMs']).toBeLessThan(3_000);
  });
});

describe('a rate limit', () => {
  const limited = defineJob({ name: 'test.limited', queue: 'limited', payload: z.object({ name: z.string() }) });

  test('that a worker meets after its drain has begun does not delay the drain', async ({ world }) => {
    await world.queue(limited.queue).setGlobalRateLimit(1, 60_000);
    await world.producer().enqueue(limited, { name: 'last of its minute' });
    let drained: Promise<DrainSummary> | undefined;
    const handler = handle(limited, async () => {
      // The job's end is then on its way to Redis, with the fetch of the next job.
      setImmediate(() => {
        drained = worker.drain();
      });
    });
    const worker: RunningWorker = world.worker({ handlers: [handler] });
    const summary = await until('the drain', () => drained);
    expect(summary).toMatchObject({ active: 1, completed: 1, cutOff: 0 });
    // How long a drain waits for the intake to stop.
    expect(summary.durationMs).toBeLessThan(700);
  });
});

describe('--until-empty', () => {
  test('works off everything, retries and snoozes included, then exits 0', async ({ world }) => {
    const snooze = { do: 'snooze' as const, ms: 300 };
    await world
      .producer()
      .enqueueMany(scripted, [
        {},
        { ends: [{ do: 'throw', what: 'error' }, { do: 'return' }] },
        { ends: [snooze, { do: 'return' }] },
        { ends: [{ do: 'reject' }] },
      ]);
    const worker = world.workerProcess(['--until-empty']);
    expect(await stopped(worker)).toMatchObject({ code: 0, sinceStart: { completed: 3, failed: 2, snoozed: 1 } });
    expect(await counts(world)).toEqual({ waiting: 0, active: 0, completed: 3, failed: 1, delayed: 0 });
  });

  test('waits for the parent of a flow, and says so', async ({ world }) => {
    const flows = new FlowProducer({ connection: world.redis as never, prefix: world.prefix });
    world.onClose(() => flows.close());
    const child = { name: row.name, queueName: row.queue, data: { id: 1, email: 'a@example.com' } };
    await flows.add({ name: scripted.name, queueName: scripted.queue, data: {}, children: [child] });
    const worker = world.workerProcess(['--queue', 'scripted', '--until-empty']);
    const waits = await worker.logged('waiting for jobs whose children in a flow are not settled');
    expect(waits).toMatchObject({ queues: [{ queue: 'scripted', waitingChildren: 1 }] });
    expect(await world.producer().queues()).toContainEqual(
      expect.objectContaining({ queue: 'scripted', waitingChildren: 1, waiting: 0 }),
    );
    world.worker({ handlers: [handleRow] });
    expect(await stopped(worker)).toMatchObject({ code: 0, sinceStart: { completed: 1 } });
  });

  test('exits 75 when all that is left is on a paused queue, and says so', async ({ world }) => {
    const queue = world.queue('scripted');
    await world.producer().enqueue(scripted, {});
    await queue.pause();
    const worker = world.workerProcess(['--queue', 'scripted', '--until-empty']);
    expect(await stopped(worker)).toMatchObject({ code: 75, sinceStart: { completed: 0 } });
    await worker.logged('the jobs that are left are on paused queues');
    await queue.resume();
    expect(await stopped(world.workerProcess(['--queue', 'scripted', '--until-empty']))).toMatchObject({ code: 0 });
  });
});
