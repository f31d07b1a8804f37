import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { scripted } from '../fixtures/jobs.js';
import { until } from '../support/until.js';
import { test } from '../support/world.js';

describe('SIGKILL', () => {
  test('another worker starts the job within 15 s, still as attempt 1', async ({ world }) => {
    // The job must not end before the other worker has started, however long that takes.
    const path = join(world.folder, 'done');
    await world.producer().enqueue(scripted, { ends: [{ do: 'until-file', path }] });
    const killed = world.workerProcess();
    await world.started(1);
    const other = world.workerProcess();
    await other.logged('worker ready');
    killed.kill('SIGKILL');
    const killedAt = Date.now();
    const [, again] = await until('the job to start again', () => {
      const starts = world.ledger().filter(({ event }) => event === 'start');
      return starts.length > 1 ? starts : undefined;
    });
    expect(again).toMatchObject({ pid: other.pid, attempt: 1 });
    expect((again?.at ?? 0) - killedAt).toBeLessThan(15_000);
    await writeFile(path, '');
  });
});
