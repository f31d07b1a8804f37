import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { precious, scripted } from '../fixtures/jobs.js';
import { BIN } from '../support/command.js';
import { HANDLERS, test, type World } from '../support/world.js';

/** A handlers module with code of its own, besides the handlers of the fixtures. */
function moduleWith(world: World, code: string): Promise<string> {
  return world.file('handlers.mjs', `${code}\nexport * from '${HANDLERS}';\n`);
}

const PRECIOUS = ['--queue', 'precious'];

describe('a process that other code ends', () => {
  test('in a SIGTERM listener: it exits 70, and its jobs are back in their queue at once, no attempt and no crash spent', async ({
    world,
  }) => {
    const handlers = await moduleWith(world, "process.on('SIGTERM', () => process.exit(0));");
    const { id } = await world.producer().enqueue(precious, { ends: [{ do: 'hang', heed: false }] });
    const worker = world.workerProcess([...PRECIOUS, '--handlers', handlers]);
    await world.started(1);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(70);
    const line = await worker.logged('process was ended by other code while jobs were active');
    expect(line).toMatchObject({ level: 60, activeJobIds: [id] });
    const job = await world.queue('precious').getJob(id);
    expect(await job?.getState()).toBe('waiting');
    expect(job).toMatchObject({ attemptsMade: 0, stalledCounter: 0 });
  });

  test('in a handler: it exits 70, and a crash is counted, as the job would otherwise end processes for ever', async ({
    world,
  }) => {
    const { id } = await world.producer().enqueue(precious, { ends: [{ do: 'exit-process' }] });
    const worker = world.workerProcess([...PRECIOUS, '--lease', '1s']);
    expect((await worker.ended).code).toBe(70);
    await worker.logged('process was ended by other code while jobs were active');
    world.workerProcess([...PRECIOUS, '--lease', '1s']);
    const job = await world.settled(world.queue('precious'), id);
    expect(job.failedReason).toMatch(/^JobCrashed: 1 worker process/);
  });

  test('before the worker has started: it logs that and exits 1', async ({ world }) => {
    const worker = world.workerProcess(['--handlers', await moduleWith(world, 'process.exit(0);')]);
    expect((await worker.ended).code).toBe(1);
    await worker.logged('process was ended by other code before the worker had started');
  });

  test('is not held by an exit hook that throws: it exits with its code', async ({ world }) => {
    const hook = "process.on('exit', () => { throw new Error('no exit'); });";
    const worker = world.workerProcess(['--handlers', await moduleWith(world, hook)]);
    await worker.logged('worker ready');
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
  });
});

describe('a handlers module that never finishes loading', () => {
  test('keeps the process waiting, and SIGTERM still stops it', async ({ world }) => {
    const handlers = await moduleWith(world, "console.log('loading'); await new Promise(() => undefined);");
    const worker = world.workerProcess(['--handlers', handlers]);
    await worker.printed('loading');
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    await worker.logged('worker stopped before it started');
  });

  test('and whose exit hook hangs: the watchdog ends the process with exit 70', async ({ world }) => {
    const code = "process.on('exit', () => { for (;;); }); console.log('loading'); await new Promise(() => undefined);";
    const worker = world.workerProcess(['--handlers', await moduleWith(world, code)]);
    await worker.printed('loading');
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(70);
  });
});

describe('the watchdog', () => {
  test('does not load what NODE_OPTIONS loads into a process', async ({ world }) => {
    const agent = await world.file('agent.cjs', 'globalThis.kept = Array.from({ length: 2e5 }, (_, at) => ({ at }));');
    await world.producer().enqueue(scripted, { ends: [{ do: 'block' }] });
    const limits = ['--lease', '2s', '--queue', 'scripted'];
    const worker = world.workerProcess(limits, { NODE_OPTIONS: `--require ${agent}` });
    await world.started(1);
    expect((await worker.ended).code).toBe(70);
  });

  test('gives a process that was stopped during a drain the time that it missed', async ({ world }) => {
    const { id } = await world.producer().enqueue(precious, { ends: [{ do: 'hang', heed: false }] });
    const worker = world.workerProcess([...PRECIOUS, '--drain-timeout', '500ms', '--abort-grace', '500ms']);
    await world.started(1);
    worker.kill('SIGTERM');
    await worker.logged('worker was told to stop; draining');
    worker.kill('SIGSTOP');
    // Longer than until the last deadline of the drain, and well within the lease.
    await sleep(3_000);
    worker.kill('SIGCONT');
    expect(await worker.ended).toMatchObject({ code: 75, signal: undefined });
    expect(await world.queue('precious').getJob(id)).toMatchObject({ attemptsMade: 0, stalledCounter: 0 });
  });

  test('ends a process that hangs in the operating system, where no debugger reaches it', async ({ world }) => {
    const hang = `import { handle } from '${import.meta.resolve('@bullpen/worker')}';
      import { precious } from '${new URL('jobs.js', `file://${HANDLERS}`).href}';
      import { execSync } from 'node:child_process';
      export const h = handle(precious, () => { console.log('hanging'); execSync('exec sleep 20'); });`;
    await world.producer().enqueue(precious, {});
    const worker = world.workerProcess(['--handlers', await world.file('hang.mjs', hang), '--lease', '1s']);
    await worker.printed('hanging');
    expect(await worker.ended).toMatchObject({ code: 70, signal: undefined });
  });
});

test('a full disk under the log disturbs no job and no drain', async ({ world }) => {
  const log = `import { handle } from '${import.meta.resolve('@bullpen/worker')}';
    import { precious } from '${new URL('jobs.js', `file://${HANDLERS}`).href}';
    export const h = handle(precious, (_, { log }) => { log.info('said by a handler'); });`;
  const handlers = await world.file('log.mjs', log);
  // It takes nothing, as a file on a full disk.
  const full = openSync('/dev/full', 'w');
  const args = [BIN['bullpen-worker'], '--handlers', handlers, '--redis', world.redisUrl, '--prefix', world.prefix];
  const worker = spawn(process.execPath, args, { stdio: ['ignore', full, 'inherit'] });
  world.onClose(async () => void worker.kill('SIGKILL'));
  const { id } = await world.producer().enqueue(precious, {});
  const job = await world.settled(world.queue('precious'), id);
  expect(await job.getState()).toBe('completed');
  worker.kill('SIGTERM');
  expect(await once(worker, 'exit')).toEqual([0, null]);
});
