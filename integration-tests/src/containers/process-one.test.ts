import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { scripted } from '../fixtures/jobs.js';
import { until } from '../support/until.js';
import type { World } from '../support/world.js';
import type { Container } from './support/container.js';
import { type Containers, test } from './support/container-world.js';
import { docker } from './support/docker.js';

/** Compose's and Kubernetes' patience in our docs; no test comes near it. */
const GRACE_S = 35;

interface Stage {
  readonly world: World;
  readonly containers: Containers;
}

/** A worker in a container that is in the middle of one job. */
async function busy({ world, containers }: Stage, ends: unknown, args: readonly string[] = []): Promise<Container> {
  await world.producer().enqueue(scripted, { ends } as never);
  const worker = await containers.worker(['--queue', 'scripted', ...args]);
  const ended = worker.ended.then(({ code, stderr }) => {
    throw new Error(`the worker ended with ${code} before it had begun: ${stderr}`);
  });
  ended.catch(() => undefined);
  await Promise.race([world.started(1), ended]);
  return worker;
}

const waiting = async (world: World) => (await world.queue('scripted').getWaiting()).map((job) => job.attemptsMade);

describe.concurrent('a worker in a container, on a read-only root', () => {
  test('is Node itself under an init: no shell, no npm', async ({ world, containers }) => {
    const worker = await busy({ world, containers }, [{ do: 'hang', heed: true }]);
    const command = [
      '/usr/local/bin/node',
      '/opt/bullpen/packages/worker/dist/cli/main.js',
      ...['--queue', 'scripted'],
    ];
    const processes = (await docker(['top', worker.name, '-o', 'pid,args'])).split('\n').slice(1);
    const titles = processes.map((line) => line.replace(/^\s*\d+\s+/, ''));
    expect(titles).toEqual([`/usr/local/bin/tini -s -e 143 -- ${command.join(' ')}`, command.join(' ')]);
    await expect(docker(['exec', worker.name, 'touch', '/here'])).rejects.toThrow('Read-only file system');
  });

  test('told to stop before any of our code runs, it stops: exit 0; Node alone would not hear it', async ({
    world,
    containers,
  }) => {
    // Node, on a machine so busy that it takes its time to start.
    await world.file(
      'slow.cjs',
      "require('fs').writeFileSync('/folder/starting', ''); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);",
    );
    const worker = await containers.worker([], ['--env', 'NODE_OPTIONS=--require /folder/slow.cjs']);
    await until('Node to start', () => existsSync(join(world.folder, 'starting')));
    await worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0, stdout: '' });
  });

  test('docker stop: the active job finishes, exit 0', async ({ world, containers }) => {
    const worker = await busy({ world, containers }, [{ do: 'work', ms: 1_500 }]);
    await worker.stop(GRACE_S);
    expect((await worker.ended).code).toBe(0);
    expect(await worker.logged('worker stopped')).toMatchObject({ active: 1, completed: 1, handedBack: 0, cutOff: 0 });
  });

  test('SIGINT, as Ctrl-C sends it: the same', async ({ world, containers }) => {
    const worker = await busy({ world, containers }, [{ do: 'work', ms: 1_500 }]);
    await worker.kill('SIGINT');
    expect((await worker.ended).code).toBe(0);
    expect(await worker.logged('worker stopped')).toMatchObject({ active: 1, completed: 1, handedBack: 0, cutOff: 0 });
  });

  test('two SIGTERMs: the job is handed back at once, unspent, exit 75', async ({ world, containers }) => {
    const worker = await busy({ world, containers }, [{ do: 'hang', heed: true }], ['--drain-timeout', '10m']);
    await worker.kill('SIGTERM');
    await worker.logged('worker was told to stop; draining');
    await worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(75);
    expect(await waiting(world)).toEqual([0]);
  });

  test('docker stop with a handler that ignores everything: handed back, exit 75', async ({ world, containers }) => {
    const limits = ['--drain-timeout', '100ms', '--abort-grace', '100ms'];
    const worker = await busy({ world, containers }, [{ do: 'hang', heed: false }], limits);
    await worker.stop(GRACE_S);
    expect((await worker.ended).code).toBe(75);
    expect(await waiting(world)).toEqual([0]);
  });

  test('docker stop with an event loop that stands still: the watchdog ends it, exit 70, never 137', async ({
    world,
    containers,
  }) => {
    const limits = ['--lease', '2s', '--drain-timeout', '100ms', '--abort-grace', '100ms'];
    const worker = await busy({ world, containers }, [{ do: 'block' }], limits);
    await worker.stop(GRACE_S);
    expect((await worker.ended).code).toBe(70);
  });
});
