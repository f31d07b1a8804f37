import { describe, expect } from 'vitest';
import { scripted } from '../fixtures/jobs.js';
import { test } from './support/container-world.js';
import { type ContainerState, inspect, readLogs, untilDocker } from './support/docker.js';

describe.concurrent('Redis, as a worker in a container meets it', () => {
  test('not there yet: the worker waits, and works when it comes', async ({ world, containers }) => {
    const late = containers.newName();
    const worker = await containers.worker(['--queue', 'scripted'], ['--env', `REDIS_URL=redis://${late}:6379`]);
    await worker.logged('redis is unavailable; retrying');
    // Another name for the Redis that is there: to the worker, one that has just come.
    const forward = `require('net').createServer((s) => s.pipe(require('net').connect(6379, 'redis')).pipe(s)).listen(6379)`;
    const alias = ['--network-alias', late, '--entrypoint', '/usr/local/bin/node'];
    containers.run('bullpen-worker', ['--eval', forward], alias);
    await worker.logged('worker ready');
    const { id } = await world.producer().enqueue(scripted, {});
    expect(await (await world.settled(world.queue('scripted'), id)).getState()).toBe('completed');
    await worker.stop(35);
    expect((await worker.ended).code).toBe(0);
  });

  test('with another password: exit 69 and the reason, without the password, and each restart says it again', async ({
    containers,
  }) => {
    const locked = containers.run('redis:7', ['redis-server', '--requirepass', 'right']);
    const url = `redis://:wrong-secret@${locked.name}:6379`;
    const env = ['--env', `REDIS_URL=${url}`];
    const worker = await containers.worker([], env);
    const { code, stderr, stdout } = await worker.ended;
    expect({ code, stderr }).toEqual({
      code: 69,
      stderr: expect.stringMatching(/^bullpen-worker: Redis at \S+ refused us: WRONGPASS/),
    });
    expect(stdout + stderr).not.toContain('wrong-secret');

    // As compose runs it. Docker waits longer before each restart, and keeps what each of them
    // said.
    const again = await containers.worker([], [...env, '--restart', 'on-failure:2']);
    await untilDocker('two restarts', async () => {
      const about = await inspect<ContainerState & { RestartCount: number }>(again.name).catch(() => undefined);
      return about?.RestartCount === 2 && about.State.Status === 'exited' && about.State.ExitCode === 69;
    });
    expect((await readLogs(again.name)).match(/^bullpen-worker: .*WRONGPASS/gm)).toHaveLength(3);
  });
});
