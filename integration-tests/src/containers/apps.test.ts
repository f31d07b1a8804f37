import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineJob } from '@bullpen/shared';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import type { World } from '../support/world.js';
import type { Container } from './support/container.js';
import { test } from './support/container-world.js';

const greet = defineJob({ name: 'app.greet', queue: 'app', payload: z.object({ name: z.string() }) });

/** A team's app: what it imports is not in its folder, but in the image. */
const HANDLERS = `
import { createProducer } from '@bullpen/producer';
import { defineJob } from '@bullpen/shared';
import { handle, JobRejected } from '@bullpen/worker';
import { z } from 'zod';

const greet = defineJob({ name: 'app.greet', queue: 'app', payload: z.object({ name: z.string() }) });

export const greeting = handle(greet, async ({ name }) => {
  if (name === 'nobody') throw new JobRejected('nobody is there');
  return { hello: name, from: import.meta.resolve('@bullpen/worker'), zod: import.meta.resolve('zod'), enqueues: typeof createProducer };
});
`;

/** Waits until the app has settled two jobs, and returns what became of them. */
async function tryApp(world: World): Promise<{ readonly result: unknown; readonly reason: string; spent: number }> {
  const producer = world.producer();
  const good = await producer.enqueue(greet, { name: 'Ada' });
  const bad = await producer.enqueue(greet, { name: 'nobody' });
  const queue = world.queue('app');
  const { returnvalue } = await world.settled(queue, good.id);
  const { failedReason, attemptsMade } = await world.settled(queue, bad.id);
  return { result: returnvalue, reason: failedReason, spent: attemptsMade };
}

async function stopWell(worker: Container): Promise<void> {
  await worker.stop(35);
  expect((await worker.ended).code).toBe(0);
}

const OURS = {
  result: {
    hello: 'Ada',
    from: 'file:///opt/bullpen/packages/worker/dist/index.js',
    zod: expect.stringMatching(/^file:\/\/\/opt\/bullpen\/node_modules\//),
    enqueues: 'function',
  },
  reason: 'JobRejected: nobody is there',
  spent: 1,
};

/**
 * The own node_modules of an app: copies of our packages beside their own dependencies, as an
 * install would leave them.
 */
async function bringOwnModules(folder: string): Promise<string> {
  await mkdir(join(folder, 'node_modules', '@bullpen'), { recursive: true });
  for (const name of ['shared', 'worker', 'producer']) {
    await symlink(`../../own/packages/${name}`, join(folder, 'node_modules', '@bullpen', name));
  }
  await symlink('../own/packages/shared/node_modules/zod', join(folder, 'node_modules', 'zod'));
  return `FROM bullpen-worker\nCOPY --from=bullpen-worker /opt/bullpen /app/own\nCOPY . /app\nENV BULLPEN_HANDLERS=handlers.js\n`;
}

describe.concurrent("a team's app", () => {
  test('mounted at /app: its imports are the image’s own', async ({ world, containers }) => {
    await world.file('handlers.js', HANDLERS);
    await world.file('package.json', '{ "type": "module" }');
    const app = ['--volume', `${world.folder}:/app:ro`, '--env', 'BULLPEN_HANDLERS=/app/handlers.js'];
    const worker = await containers.runOurs('bullpen-worker', [], app);
    expect(await tryApp(world)).toEqual(OURS);
    await stopWell(worker);
    expect((await worker.ended).stderr).toBe('');
  });

  test('in an image of three lines FROM ours', async ({ world, containers }) => {
    await mkdir(join(world.folder, 'dist'));
    await writeFile(join(world.folder, 'dist', 'handlers.js'), HANDLERS);
    const image = await containers.build(
      'FROM bullpen-worker\nCOPY dist /app\nENV BULLPEN_HANDLERS=/app/handlers.js\n',
    );
    const worker = await containers.runOurs(image, []);
    expect(await tryApp(world)).toEqual(OURS);
    await stopWell(worker);
  });

  test('with node_modules of its own: two copies of our packages in one process understand each other', async ({
    world,
    containers,
  }) => {
    await world.file('handlers.js', HANDLERS);
    await world.file('package.json', '{ "type": "module" }');
    const image = await containers.build(await bringOwnModules(world.folder));
    const worker = await containers.runOurs(image, []);
    const { result, reason, spent } = await tryApp(world);
    expect(result).toMatchObject({
      from: 'file:///app/own/packages/worker/dist/index.js',
      zod: expect.stringMatching(/^file:\/\/\/app\/own\//),
    });
    expect({ reason, spent }).toEqual({ reason: 'JobRejected: nobody is there', spent: 1 });
    await stopWell(worker);
  });

  test('with a copy of its own, and a job that nobody handles: refused at the start, as with one copy', async ({
    world,
    containers,
  }) => {
    const forgotten = `defineJob({ name: 'app.forgotten', queue: 'app', payload: z.object({}) });\n`;
    await world.file('handlers.js', HANDLERS + forgotten);
    await world.file('package.json', '{ "type": "module" }');
    const image = await containers.build(await bringOwnModules(world.folder));
    const { code, stderr } = await (await containers.runOurs(image, [])).ended;
    expect(code).toBe(64);
    expect(stderr).toMatch(/app\.forgotten: is defined on queue 'app' at .*handlers\.js.*, but has no handler here/);
  });

  test('that is not there: exit 64, and which file it looked for', async ({ containers }) => {
    const worker = await containers.runOurs('bullpen-worker', [], ['--env', 'BULLPEN_HANDLERS=/app/handlers.js']);
    const { code, stderr } = await worker.ended;
    expect({ code, stderr }).toEqual({
      code: 64,
      stderr: expect.stringContaining('--handlers: there is no file /app/handlers.js'),
    });
  });
});
