import type { BatchOptions } from '@bullpen/producer';
import { defineJob, type JobDefinition } from '@bullpen/shared';
import { type AnyHandler, type Context, handle, JobRejected, JobSnoozed } from '@bullpen/worker';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { sourceOf } from '../support/batch-source.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

/** What a row does in each of its attempts. */
const DOES = ['complete', 'fail', 'recover', 'reject', 'overrun', 'snooze', 'wait'] as const;
type Does = (typeof DOES)[number];

const job = defineJob({
  ...{ name: 'test.shared', queue: 'shared', rowsPerJob: 5, maxAttempts: 3, timeout: 300 },
  payload: z.object({ does: z.enum(DOES), result: z.json().optional() }),
  backoff: { type: 'fixed', delay: 20, jitter: 0 },
});
const patient = defineJob({ ...{ name: 'test.patient', queue: 'patient', rowsPerJob: 5 }, payload: job.payload });

/** One call of the handler. */
interface Run {
  readonly jobId: string;
  readonly attempt: number;
}

/** A handler that does what its rows say, and notes each call. */
function playing(definition: typeof job = job) {
  const runs: Run[] = [];
  const aborted: string[] = [];
  let goOn: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const play = async (does: Does, { attempt, signal, jobId }: Context): Promise<void> => {
    const isFirst = runs.filter((run) => run.jobId === jobId).length === 1;
    const abort = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => {
        aborted.push(`${jobId} ${(signal.reason as Error).name}`);
        reject(signal.reason);
      }),
    );
    if (does === 'reject') throw new JobRejected('never');
    if (does === 'fail' || (does === 'recover' && attempt < 3)) throw new Error(`boom ${attempt}`);
    if (does === 'snooze' && isFirst) throw new JobSnoozed({ in: 50 });
    if (does === 'overrun') await abort;
    if (does === 'wait') await Promise.race([gate, abort]);
  };
  const handler: AnyHandler = handle(definition, async ({ does, result }, context) => {
    runs.push({ jobId: context.jobId, attempt: context.attempt });
    await play(does, context);
    return result;
  });
  /** The numbers of the attempts at a row, in their order. */
  const attemptsAt = (row: number): number[] =>
    runs.filter(({ jobId }) => jobId === `b-x-${row}`).map(({ attempt }) => attempt);
  return { handler, runs, aborted, attemptsAt, goOn };
}

const rowsThat = (...does: Does[]) => does.map((what) => ({ does: what }));

function send(world: World, values: readonly unknown[], options: Partial<BatchOptions> = {}, of: JobDefinition = job) {
  return world.producer().batches.run(of, { name: 'x', source: sourceOf(values), ...options });
}

/**
 * Expects that the books of batch x count each of its rows once, by its two bits and by its counts,
 * and that no job and no key of a row is left.
 */
async function expectSettled(
  world: World,
  counts: { completed: number; failed: number; cancelled?: number },
  of = job,
) {
  const { batches } = world.producer();
  const view = await batches.show({ name: 'x' });
  expect(view).toMatchObject({ cancelled: 0, ...counts, waiting: 0, active: 0, delayed: 0, missing: 0 });
  expect(view.completed + view.failed + view.cancelled).toBe(view.added);
  const fates = (await world.redis.getBuffer(`${world.prefix}:${of.queue}:batch:x:fates`)) ?? Buffer.alloc(0);
  const bits = [...fates].flatMap((byte) => [byte >> 6, (byte >> 4) & 3, (byte >> 2) & 3, byte & 3]);
  const having = (fate: number) => bits.filter((bit) => bit === fate).length;
  expect([having(1), having(2), having(3)]).toEqual([view.completed, view.failed, view.cancelled]);
  expect(await world.redis.keys(`${world.prefix}:${of.queue}:b-x-*`)).toEqual([]);
}

describe('rows that share jobs', () => {
  test('each have an outcome, a deadline and attempts of their own; only a failed row is attempted again', async ({
    world,
  }) => {
    const { handler, runs, attemptsAt } = playing();
    const does: Does[] = ['complete', 'fail', 'reject', 'overrun', 'recover', 'snooze', 'complete'];
    expect(await send(world, rowsThat(...does))).toMatchObject({ read: 7, added: 7 });
    expect(await world.queue(job.queue).getWaitingCount()).toBe(2);
    const worker = world.worker({ handlers: [handler] });
    const settled = await world.producer().batches.wait({ name: 'x' });
    expect(settled).toMatchObject({ added: 7, completed: 4, failed: 3, missing: 0 });
    const attempts = does.map((_, at) => attemptsAt(at + 1));
    expect(attempts).toEqual([[1], [1, 2, 3], [1], [1, 2, 3], [1, 2, 3], [1, 1], [1]]);
    await worker.process.untilEmpty();
    await expectSettled(world, { completed: 4, failed: 3 });
    const { sinceStart } = await worker.drain();
    // Each failed attempt counts, as for jobs of their own.
    expect(sinceStart).toMatchObject({ completed: 4, snoozed: 1, failed: 3 + 1 + 3 + 2, handedBack: 0, unrecorded: 0 });
    expect(runs).toHaveLength(sinceStart.completed + sinceStart.snoozed + sinceStart.failed);
  });

  test('are listed when they failed, with payload, reason and number of attempts', async ({ world }) => {
    const { handler } = playing();
    await send(world, [...rowsThat('complete', 'fail', 'reject', 'overrun'), { does: 'nothing' }], { dryRun: false });
    world.worker({ handlers: [handler] });
    const producer = world.producer();
    await producer.batches.wait({ name: 'x' });
    const failures = [];
    for await (const { row, payload, outcome, attempts, reason } of producer.batches.failures({ name: 'x' })) {
      failures.push([row, payload, outcome, attempts, reason]);
    }
    expect(failures).toEqual([
      [2, { does: 'fail' }, 'failed', 3, 'Error: boom …'],
      [3, { does: 'reject' }, 'rejected', 1, 'JobRejected: never'],
      [4, { does: 'overrun' }, 'failed', 3, 'DeadlineExceeded: the attempt did not finish within … ms'],
    ]);
  });

  test('of a batch with results keep what they return: at most 16 KiB, nothing as null, no result of failed rows', async ({
    world,
  }) => {
    const { handler } = playing();
    const returning = (result: unknown) => ({ does: 'complete', result });
    const values = [returning({ sent: 1 }), returning(undefined), returning('x'.repeat(20_000)), returning(0)];
    await send(world, [...values, { does: 'reject', result: 5 }, returning([1])], { results: true });
    world.worker({ handlers: [handler] });
    const producer = world.producer();
    await producer.batches.wait({ name: 'x' });
    const results = [];
    for await (const result of producer.batches.results({ name: 'x' })) results.push(result);
    expect(results).toEqual([
      ...[
        { row: 1, result: { sent: 1 } },
        { row: 2, result: null },
        { row: 3, tooLong: 20_002 },
      ],
      ...[
        { row: 4, result: 0 },
        { row: 6, result: [1] },
      ],
    ]);
  });

  test('of a batch without results keep none', async ({ world }) => {
    const { handler } = playing();
    await send(world, [{ does: 'complete', result: 5 }]);
    world.worker({ handlers: [handler] });
    await world.producer().batches.wait({ name: 'x' });
    expect(await world.redis.exists(`${world.prefix}:shared:batch:x:results`)).toBe(0);
  });

  test('only ever count up, however many workers attempt them', async ({ world }) => {
    const { handler, attemptsAt } = playing();
    const does = Array.from({ length: 600 }, (_, at) => DOES[at % 4] as Does).map((what) =>
      what === 'reject' ? 'snooze' : what,
    );
    await send(world, rowsThat(...does), { rowsPerJob: 7 });
    for (const concurrency of [1, 5, 20]) world.worker({ handlers: [handler], concurrency });
    let [looks, before] = [0, 0];
    const settled = await world.producer().batches.wait({
      name: 'x',
      onProgress({ added, completed, failed, cancelled }) {
        looks += 1;
        const now = completed + failed + cancelled;
        expect([now >= before, now <= added, added]).toEqual([true, true, 600]);
        before = now;
      },
    });
    expect(settled).toMatchObject({ completed: 450, failed: 150, missing: 0 });
    expect(looks).toBeGreaterThan(1);
    for (const [at, what] of does.entries()) {
      const attempts = { complete: [1], snooze: [1, 1] }[what as string] ?? [1, 2, 3];
      expect(attemptsAt(at + 1), `row ${at + 1}, ${what}`).toEqual(attempts);
    }
    await until(
      'the last job to go',
      async () => (await world.producer().batches.show({ name: 'x' })).stage === 'settled',
    );
    await expectSettled(world, { completed: 450, failed: 150 });
  });

  test('of a cancelled batch: the row in hand is aborted, and no other row runs', async ({ world }) => {
    const { handler, runs, aborted } = playing(patient as typeof job);
    await send(world, rowsThat(...Array(3).fill('complete'), 'wait', ...Array(8).fill('complete')), {}, patient);
    const worker = world.worker({ handlers: [handler], concurrency: 1 });
    await until('the fourth row to run', () => runs.length === 4);
    // Who cancels a row that waits is a race: this call, or the worker that fetches it meanwhile.
    expect((await world.producer().batches.cancel({ name: 'x' })).found).toBe('open');
    await worker.process.untilEmpty();
    expect(aborted).toEqual(['b-x-4 JobCancelled']);
    expect(runs.map(({ jobId }) => jobId)).toEqual(['b-x-1', 'b-x-2', 'b-x-3', 'b-x-4']);
    await expectSettled(world, { completed: 3, failed: 0, cancelled: 9 }, patient as typeof job);
    expect(await world.producer().batches.show({ name: 'x' })).toMatchObject({ stage: 'cancelled' });
  });
});
