import { AsyncLocalStorage } from 'node:async_hooks';
import { defineJob } from '@bullpen/shared';
import { type AnyHandler, handle, handleMany } from '@bullpen/worker';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { sourceOf } from '../support/batch-source.js';
import { test } from '../support/world.js';

const tenants = new AsyncLocalStorage<string>();
/** Where code of a team began, and the store that it found. */
const found = new Set<string>();

/** Code of a team that says for whom it works, and takes it back nowhere. */
function enter(where: string): void {
  found.add(`${where}: ${tenants.getStore()}`);
  tenants.enterWith(`a job's tenant, from ${where}`);
}

type TenantJob = ReturnType<typeof define>;

const define = (name: string, rowsPerJob: number) =>
  defineJob({
    ...{ name: `test.${name}`, queue: name },
    payload: z.object({ n: z.number() }).refine(() => found.add(`schema: ${tenants.getStore()}`)),
    maxAttempts: 2,
    backoff: { type: 'fixed', delay: 1, jitter: 0 },
    rowsPerJob,
  });

/** What handlers do. */
const ways: Readonly<Record<string, (job: TenantJob) => AnyHandler>> = {
  'at once': (job) => handle(job, () => enter('handler')),
  'when they have waited': (job) =>
    handle(job, async () => {
      enter('handler');
      await new Promise((resolve) => setImmediate(resolve));
      tenants.enterWith('a tenant that came later');
    }),
  'and throw': (job) =>
    handle(job, (_, { attempt }) => {
      enter('handler');
      if (attempt === 1) throw new Error('again');
    }),
  'for all rows of a job': (job) => handleMany(job, () => enter('handler')),
};

const JOBS = 40;

describe('the async context of an attempt', () => {
  for (const [at, [way, makeHandler]] of Object.entries(ways).entries()) {
    for (const rowsPerJob of [1, 5]) {
      test(`is the one in which the worker was started, whatever handlers enter ${way}; rows per job: ${rowsPerJob}`, async ({
        world,
      }) => {
        const job = define(`tenant-${at}-${rowsPerJob}`, rowsPerJob);
        const values = Array.from({ length: JOBS }, (_, n) => ({ n }));
        await world.producer().batches.run(job, { name: 'b', source: sourceOf(values) });
        found.clear();
        const worker = tenants.run('start', () => world.worker({ handlers: [makeHandler(job)], concurrency: 3 }));
        worker.observe(() => enter('observer'));
        await worker.process.untilEmpty();
        expect([...found].sort()).toEqual(['handler: start', 'observer: start', 'schema: start']);
      });
    }
  }

  test('is the same for jobs that were enqueued one by one', async ({ world }) => {
    const job = define('tenant', 1);
    await world.producer().enqueueMany(
      job,
      Array.from({ length: JOBS }, (_, n) => ({ n })),
    );
    found.clear();
    const worker = tenants.run('start', () => world.worker({ handlers: [handle(job, () => enter('handler'))] }));
    await worker.process.untilEmpty();
    expect([...found].sort()).toEqual(['handler: start', 'schema: start']);
  });
});
