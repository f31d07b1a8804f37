import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { scripted } from '../fixtures/jobs.js';
import { test } from '../support/world.js';

const SHORT = ['--lease', '2s', '--drain-timeout', '100ms', '--abort-grace', '100ms', '--queue', 'scripted'];

describe('the watchdog', () => {
  for (const told of [true, false]) {
    test(`ends a process whose handler loops for ever, ${told ? 'after SIGTERM' : 'without a signal'}: exit 70, and another worker starts the job`, async ({
      world,
    }) => {
      const { id } = await world.producer().enqueue(scripted, { ends: [{ do: 'block' }] });
      const worker = world.workerProcess(SHORT);
      await world.started(1);
      if (told) worker.kill('SIGTERM');
      expect(await worker.ended).toMatchObject({ code: 70, signal: undefined });
      await worker.logged(
        'event loop stood still for 3000 ms, longer than the lease of its jobs; watchdog ended the process',
      );
      const again = world.workerProcess(SHORT);
      expect((await world.started(2))[1]).toMatchObject({ jobId: id, pid: again.pid, attempt: 1 });
    });
  }

  test('ends a process that hangs while it exits: exit 70', async ({ world }) => {
    await world.producer().enqueue(scripted, { ends: [{ do: 'hang-at-exit' }] });
    const worker = world.workerProcess(['--lease', '1m', ...SHORT.slice(2)]);
    await world.started(1);
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 70, signal: undefined });
    await worker.logged('worker had not stopped by its last deadline; watchdog ended the process');
    // Its job was handed back nevertheless.
    expect(await worker.logged('worker stopped')).toMatchObject({ handedBack: 1, cutOff: 0 });
  });

  test('does not end a process because it was stopped', async ({ world }) => {
    const worker = world.workerProcess(SHORT);
    await worker.logged('worker ready');
    worker.kill('SIGSTOP');
    // Longer than the watchdog allows an event loop to stand still.
    await sleep(4_000);
    worker.kill('SIGCONT');
    const { id } = await world.producer().enqueue(scripted, {});
    await world.settled(world.queue('scripted'), id);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
  });
});
