import { describe, expect } from 'vitest';
import { scripted } from '../fixtures/jobs.js';
import { until } from '../support/until.js';
import { test } from '../support/world.js';

/**
 * Not a round number: the interval that is computed from it must be whole all the same, or Redis
 * refuses to look for dead workers.
 */
const LEASE = ['--lease', '2003ms'];

describe('a poison job', () => {
  test('that kills its worker again and again ends in the failed set, and other jobs are completed', async ({
    world,
  }) => {
    const poison = await world.producer().enqueue(scripted, { name: 'poison', ends: [{ do: 'kill-process' }] });
    let deaths = 0;
    let worker = world.workerProcess(LEASE);
    const restart = (): void => {
      void worker.ended.then(({ signal }) => {
        if (signal !== 'SIGKILL' || world.closed) return;
        deaths += 1;
        worker = world.workerProcess(LEASE);
        restart();
      });
    };
    restart();
    const job = await until(
      'the poison job to fail',
      async () => {
        const found = await world.queue('scripted').getJob(poison.id);
        return found?.finishedOn === undefined ? undefined : found;
      },
      90_000,
    );
    expect(await job.getState()).toBe('failed');
    expect(job.failedReason).toBe('JobCrashed: 3 worker processes died or stood still while attempting the job');
    expect(job.attemptsMade).toBe(0);
    expect(deaths).toBe(3);
    // Somebody may repair the handler and retry the job by hand: it then has a crash budget of its
    // own.
    expect((await world.queue('scripted').getJob(poison.id))?.stalledCounter).toBe(0);
    const { id } = await world.producer().enqueue(scripted, {});
    expect(await (await world.settled(world.queue('scripted'), id)).getState()).toBe('completed');
  }, 120_000);
});
