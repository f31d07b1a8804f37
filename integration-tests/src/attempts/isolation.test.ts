import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { scripted } from '../fixtures/jobs.js';
import { test } from '../support/world.js';

describe('an error that nobody caught', () => {
  for (const how of ['timer', 'promise'] as const) {
    test(`in a ${how} of a handler: the log names its job, its attempt fails, the others finish, and the worker exits 1`, async ({
      world,
    }) => {
      const path = join(world.folder, 'finish');
      const work = await world.producer().enqueue(scripted, { ends: [{ do: 'until-file', path }] });
      const bad = await world.producer().enqueue(scripted, { ends: [{ do: 'crash-detached', how }, { do: 'return' }] });
      const worker = world.workerProcess(['--queue', 'scripted']);
      const fatal = await worker.logged('uncaught error; draining, because the state of the process is uncertain');
      await world.file('finish', '');
      expect(fatal).toMatchObject({
        level: 60,
        jobId: bad.id,
        job: 'test.scripted',
        err: { message: `detached ${how}` },
      });
      expect((await worker.ended).code).toBe(1);
      expect(await worker.logged('worker stopped')).toMatchObject({ active: 2, completed: 1, failed: 1, cutOff: 0 });
      const queue = world.queue('scripted');
      expect(await (await world.settled(queue, work.id)).getState()).toBe('completed');
      expect((await queue.getJob(bad.id))?.attemptsMade).toBe(1);
      world.workerProcess();
      expect(await (await world.settled(queue, bad.id)).getState()).toBe('completed');
    });
  }

  for (const how of ['null', 'unreadable'] as const) {
    test(`and that is not an Error (${how}): the log names its job, and the worker drains and exits 1`, async ({
      world,
    }) => {
      const path = join(world.folder, 'finish');
      const work = await world.producer().enqueue(scripted, { ends: [{ do: 'until-file', path }] });
      const bad = await world.producer().enqueue(scripted, { ends: [{ do: 'crash-detached', how }, { do: 'return' }] });
      const worker = world.workerProcess(['--queue', 'scripted']);
      const fatal = await worker.logged('uncaught error; draining, because the state of the process is uncertain');
      await world.file('finish', '');
      expect((await worker.ended).code).toBe(1);
      expect(fatal).toMatchObject({ jobId: bad.id });
      expect(await (await world.settled(world.queue('scripted'), work.id)).getState()).toBe('completed');
      expect(await worker.logged('worker stopped')).toMatchObject({ active: 2, completed: 1, failed: 1, cutOff: 0 });
    });
  }

  test('and that is the abort of its own attempt: the worker warns and drains as usual', async ({ world }) => {
    const { id } = await world.producer().enqueue(scripted, { ends: [{ do: 'crash-detached', how: 'own-abort' }] });
    const worker = world.workerProcess(['--queue', 'scripted', '--drain-timeout', '50ms']);
    await world.started(1);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(75);
    const warning = await worker.logged('a promise that nobody awaits was rejected when its attempt was aborted');
    expect(warning).toMatchObject({ level: 40, jobId: id });
  });

  test('while the worker drains: the job is handed back and the worker exits 1', async ({ world }) => {
    const { id } = await world.producer().enqueue(scripted, { ends: [{ do: 'crash-detached', how: 'aborted' }] });
    const worker = world.workerProcess(['--drain-timeout', '50ms']);
    await world.started(1);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(1);
    expect(await worker.logged('worker stopped')).toMatchObject({ active: 1, handedBack: 1, cutOff: 0 });
    expect((await world.queue('scripted').getJob(id))?.attemptsMade).toBe(0);
  });

  test('after its handler has returned: the log names the job, and the job stays completed', async ({ world }) => {
    const { id } = await world.producer().enqueue(scripted, { ends: [{ do: 'crash-detached', how: 'late' }] });
    const worker = world.workerProcess();
    expect((await worker.ended).code).toBe(1);
    expect(
      await worker.logged('uncaught error; draining, because the state of the process is uncertain'),
    ).toMatchObject({
      jobId: id,
    });
    expect(await (await world.settled(world.queue('scripted'), id)).getState()).toBe('completed');
  });
});
