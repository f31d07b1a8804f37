import { describe, expect } from 'vitest';
import { scriptedHandlers } from '../fixtures/handlers.js';
import { hasty, scripted } from '../fixtures/jobs.js';
import { until } from '../support/until.js';
import { test } from '../support/world.js';

describe('stuck handlers', () => {
  /** It ignores its signal; the job's timeout is 200 ms. */
  const stuck = { ends: [{ do: 'hang' as const, heed: false }] };

  test('keep their slots and are logged; with --exit-when-stuck a worker without a free slot drains and exits 1', async ({
    world,
  }) => {
    const producer = world.producer();
    const jobs = [await producer.enqueue(hasty, stuck), await producer.enqueue(hasty, stuck)];
    const waiting = await producer.enqueue(scripted, {});
    const args = ['--concurrency', '2', '--queue', 'scripted', '--drain-timeout', '100ms', '--abort-grace', '100ms'];
    const worker = world.workerProcess([...args, '--exit-when-stuck']);
    const told = await worker.logged('worker is stuck; draining');
    expect(told).toMatchObject({ problems: ["all 2 slots of queue 'scripted' are stuck"] });
    expect((await worker.ended).code).toBe(1);
    const summary = await worker.logged('worker stopped');
    const ids = jobs.map(({ id }) => id).sort();
    expect([...(summary['stuckJobIds'] as string[])].sort()).toEqual(ids);
    expect(
      worker.log
        .filter(({ msg }) => msg.startsWith('attempt is stuck'))
        .map(({ jobId }) => jobId)
        .sort(),
    ).toEqual(ids);
    // Their time was up, which is a failure and not an interruption.
    const queue = world.queue('scripted');
    for (const id of ids) expect((await queue.getJob(id))?.failedReason).toMatch(/^DeadlineExceeded/);
    world.workerProcess();
    expect(await (await world.settled(queue, waiting.id)).getState()).toBe('completed');
  });

  test('make a worker not live when no slot is free', async ({ world }) => {
    const { id } = await world.producer().enqueue(hasty, stuck);
    const worker = world.worker({ handlers: scriptedHandlers, concurrency: 1 });
    expect(worker.health()).toMatchObject({
      live: true,
      ready: false,
      problems: ['redis is unavailable', 'the worker is starting'],
    });
    await worker.ready;
    expect(worker.health()).toEqual({
      ...{ live: true, ready: true, connected: true, draining: false, problems: [], stuck: [] },
      ...{ warnings: [], clockSkewMs: expect.closeTo(0, -3) },
    });
    await until('the worker to be stuck', () => !worker.health().live);
    expect(worker.health()).toMatchObject({
      ready: false,
      stuck: [{ job: 'test.hasty', jobId: id, queue: 'scripted' }],
    });
    await worker.drain();
    expect(worker.health().problems).toContain('the worker is draining');
  });
});
