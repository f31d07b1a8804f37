import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect } from 'vitest';
import { scripted } from '../fixtures/jobs.js';
import { until } from '../support/until.js';
import { test } from '../support/world.js';

const SHORT = ['--lease', '2s', '--drain-timeout', '100ms', '--abort-grace', '100ms', '--queue', 'scripted'];

/** No lease runs out in these tests: what ends the process is the signal. */
const LONG_LEASE = ['--lease', '5m', ...SHORT.slice(2)];

/** A preload that takes the flag away without which the thread of the watchdog hears no signal. */
const WITHOUT_SIGNALS = `
  const threads = process.getBuiltinModule('node:worker_threads');
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(file, options) {
      if (options?.execArgv?.includes('--expose-internals')) throw new Error('this Node has no such flag');
      super(file, options);
    }
  };
  process.getBuiltinModule('node:module').syncBuiltinESMExports();
`;

describe('the watchdog', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`ends a process whose handler loops for ever by the deadline of its drain, counted from ${signal}, and hands its jobs back: exit 70`, async ({
      world,
    }) => {
      const beside = await world.producer().enqueue(scripted, { ends: [{ do: 'hang', heed: false }] });
      const loops = await world.producer().enqueue(scripted, { ends: [{ do: 'block' }] });
      const worker = world.workerProcess(LONG_LEASE);
      await world.started(2);
      worker.kill(signal);
      expect(await worker.ended).toMatchObject({ code: 70, signal: undefined });
      const { afterMs } = await worker.logged(
        `worker did not answer ${signal} by the last deadline of its drain; watchdog ended the process`,
      );
      expect(afterMs).toBeGreaterThanOrEqual(1_200);
      expect(afterMs).toBeLessThan(200 + 1_500);
      const queue = world.queue('scripted');
      await until('both jobs to wait', async () => (await queue.getWaitingCount()) === 2);
      for (const { id } of [beside, loops]) expect(await queue.getJob(id)).toMatchObject({ stalledCounter: 0 });
    });

    test(`a handler that removed the listeners of ${signal} is drained all the same, and ${signal} again aborts it`, async ({
      world,
    }) => {
      const { id } = await world.producer().enqueue(scripted, { ends: [{ do: 'deafen', to: signal }] });
      const worker = world.workerProcess(['--queue', 'scripted', '--drain-timeout', '5m']);
      await world.started(1);
      worker.kill(signal);
      await worker.logged('worker was told to stop; draining');
      worker.kill(signal);
      expect(await worker.ended).toMatchObject({ code: 75, signal: undefined });
      expect(await worker.logged('worker stopped')).toMatchObject({ handedBack: 1, cutOff: 0 });
      expect(world.ledger()).toContainEqual(expect.objectContaining({ event: 'aborted', jobId: id }));
      expect(worker.log.filter(({ msg }) => msg.startsWith('worker was told'))).toHaveLength(2);
    });
  }

  test('a second signal to a process whose handler loops for ever skips the drain timeout', async ({ world }) => {
    await world.producer().enqueue(scripted, { ends: [{ do: 'block' }] });
    const worker = world.workerProcess(['--lease', '5m', '--drain-timeout', '5m', '--abort-grace', '100ms']);
    await world.started(1);
    worker.kill('SIGTERM');
    worker.kill('SIGINT');
    expect(await worker.ended).toMatchObject({ code: 70, signal: undefined });
  });

  test('where the thread cannot hear signals, the main thread hears them, and the lease ends a loop', async ({
    world,
  }) => {
    const preload = await world.file('without-signals.mjs', WITHOUT_SIGNALS);
    const env = { NODE_OPTIONS: `--import ${pathToFileURL(preload).href}` };
    const idle = world.workerProcess(SHORT, env);
    await idle.logged('worker ready');
    idle.kill('SIGTERM');
    expect((await idle.ended).code).toBe(0);
    await world.producer().enqueue(scripted, { ends: [{ do: 'block' }] });
    const worker = world.workerProcess(SHORT, env);
    await world.started(1);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(70);
    await worker.logged(
      'event loop stood still for 3000 ms, longer than the lease of its jobs; watchdog ended the process',
    );
  });

  test('ends a process whose handler loops for ever without a signal: exit 70, and another worker starts the job', async ({
    world,
  }) => {
    const { id } = await world.producer().enqueue(scripted, { ends: [{ do: 'block' }] });
    const worker = world.workerProcess(SHORT);
    await world.started(1);
    expect(await worker.ended).toMatchObject({ code: 70, signal: undefined });
    await worker.logged(
      'event loop stood still for 3000 ms, longer than the lease of its jobs; watchdog ended the process',
    );
    const again = world.workerProcess(SHORT);
    expect((await world.started(2))[1]).toMatchObject({ jobId: id, pid: again.pid, attempt: 1 });
  });

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

  test('does not count the time in which a process was stopped towards the deadline of a signal', async ({ world }) => {
    const path = join(world.folder, 'go-on');
    await world.producer().enqueue(scripted, { ends: [{ do: 'block', path }] });
    const worker = world.workerProcess(['--lease', '5m', '--drain-timeout', '1s', '--abort-grace', '100ms']);
    await world.started(1);
    // The main thread cannot answer yet; the thread of the watchdog counts from here.
    worker.kill('SIGTERM');
    await sleep(100);
    worker.kill('SIGSTOP');
    await world.file('go-on', '');
    await sleep(3_000);
    worker.kill('SIGCONT');
    expect((await worker.ended).code).toBe(0);
    // The job may complete before the main thread hears the signal, or in the drain.
    expect(await worker.logged('worker stopped')).toMatchObject({ cutOff: 0, sinceStart: { completed: 1 } });
  });
});
