import { describe, expect } from 'vitest';
import { scripted } from './fixtures/jobs.js';
import { until } from './support/until.js';
import { test } from './support/world.js';

describe('a poison job', () => {
  test('a job that kills its worker again and again ends in the failed set, and the fleet lives', async ({ world }) => {
    const poison = await world.producer().enqueue(scripted, { name: 'poison', ends: [{ do: 'kill-process' }] });
    let deaths = 0;
    let worker = world.workerProcess();
    const restart = (): void => {
      void worker.ended.then(({ signal }) => {
        if (signal !== 'SIGKILL' || world.closed) return;
        deaths += 1;
        worker = world.workerProcess();
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
    expect(deaths).toBe(4);
    const { id } = await world.producer().enqueue(scripted, {});
    expect(await (await world.settled(world.queue('scripted'), id)).getState()).toBe('completed');
  }, 120_000);
});
