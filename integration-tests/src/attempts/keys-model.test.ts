import type { Producer } from '@bullpen/producer';
import { defineJob } from '@bullpen/shared';
import { hashKey } from '@bullpen/shared/internal';
import { handle, JobRejected, type RunningWorker } from '@bullpen/worker';
import type { Queue } from 'bullmq';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { sourceOf } from '../support/batch-source.js';
import { Dashboard } from '../support/dashboard.js';
import { until } from '../support/until.js';
import { lendWorld, test, type World } from '../support/world.js';

/**
 * Random sequences of everything that can happen to jobs with keys, against a small model: a key is
 * held by a job that waits, is delayed, runs or is kept as completed. The model knows nothing of
 * records.
 */

const job = defineJob({ name: 'test.model', queue: 'model', payload: z.object({ key: z.string() }), maxAttempts: 1 });
const KEYS = ['a', 'b'] as const;
const KEPT = 2;

/** One step of a sequence. `which` chooses among the jobs that it may happen to. */
interface Step {
  readonly does: keyof Model['steps'];
  readonly key: (typeof KEYS)[number];
  readonly which: number;
}

class Model {
  readonly world: World;
  readonly producer: Producer;
  readonly queue: Queue;
  readonly dashboard: Dashboard;
  readonly worker: RunningWorker;
  /** What ends the attempt that runs, by the id of its job. */
  readonly running = new Map<string, (error?: Error) => void>();
  /** Every id that was added, by key. */
  readonly ids: Record<string, string[]> = { a: [], b: [] };
  #batches = 0;

  constructor(world: World, dashboard: Dashboard) {
    this.world = world;
    this.dashboard = dashboard;
    this.producer = world.producer();
    this.queue = world.queue(job.queue);
    const run = (jobId: string, signal: AbortSignal): Promise<void> =>
      new Promise((resolve, reject) => {
        const end = (error?: Error): void => {
          this.running.delete(jobId);
          if (error === undefined) resolve();
          else reject(error);
        };
        this.running.set(jobId, end);
        signal.addEventListener('abort', () => end(new Error('aborted')));
      });
    const handlers = [handle(job, (_, { jobId, signal }) => run(jobId, signal))];
    this.worker = world.worker({ handlers, keepCompleted: { count: KEPT }, keepFailed: { count: 3 } });
  }

  async statesOf(key: string): Promise<{ id: string; state: string }[]> {
    const ids = [...new Set(this.ids[key])];
    return Promise.all(ids.map(async (id) => ({ id, state: await this.queue.getJobState(id) })));
  }

  /** The jobs of a key that hold it, by their states alone. */
  async holdersOf(key: string): Promise<string[]> {
    const holding = ['waiting', 'prioritized', 'delayed', 'active', 'completed'];
    return (await this.statesOf(key)).filter(({ state }) => holding.includes(state)).map(({ id }) => id);
  }

  /** One of the jobs of a key in one of these states. */
  async pick({ key, which }: Step, ...states: string[]): Promise<string | undefined> {
    const found = (await this.statesOf(key)).filter(({ state }) => states.includes(state));
    return found[which % Math.max(1, found.length)]?.id;
  }

  readonly steps = {
    enqueue: (step: Step) => this.enqueue(step, {}),
    enqueueDelayed: (step: Step) => this.enqueue(step, { delay: '1h' }),
    enqueueRow: async ({ key }: Step): Promise<void> => {
      const holders = await this.holdersOf(key);
      this.#batches += 1;
      const batch = `b${this.#batches}`;
      const source = sourceOf([{ key }]);
      const { added } = await this.producer.batches.run(job, { name: batch, source, keyField: 'key' });
      expect(added).toBe(holders.length === 0 ? 1 : 0);
      if (added === 0) return;
      const id = `b-${batch}-1`;
      await until('the row to run', () => this.running.has(id));
      this.running.get(id)?.(new JobRejected('done'));
      await until('the row to be settled', async () => (await this.queue.getJobState(id)) === 'unknown');
    },
    complete: (step: Step) => this.end(step, undefined),
    fail: (step: Step) => this.end(step, new JobRejected('no')),
    cancel: async (step: Step): Promise<void> => {
      const id = await this.pick(step, 'waiting', 'delayed', 'active', 'failed', 'completed');
      if (id === undefined) return;
      const before = await this.queue.getJobState(id);
      const answer = await this.producer.cancel(job, id);
      expect([before, answer]).toEqual([
        before,
        { active: 'requested', failed: 'settled', completed: 'settled' }[before as string] ?? 'cancelled',
      ]);
      if (answer === 'requested') await until('it to end', async () => (await this.queue.getJobState(id)) === 'failed');
    },
    retry: async (step: Step): Promise<void> => {
      const id = await this.pick(step, 'failed', 'completed');
      if (id === undefined) return;
      const others = (await this.holdersOf(step.key)).filter((holder) => holder !== id);
      const { status } = await this.dashboard.ask(`api/queues/${job.queue}/${id}/retry`, { method: 'PUT' });
      expect([others, status]).toEqual([others, others.length === 0 ? 204 : 409]);
      if (others.length === 0) await until('it to run', () => this.running.has(id));
    },
    removeByStock: async (step: Step): Promise<void> => {
      const id = await this.pick(step, 'waiting', 'delayed', 'failed', 'completed');
      if (id !== undefined) await this.queue.remove(id);
    },
    promote: async (step: Step): Promise<void> => {
      const id = await this.pick(step, 'delayed');
      if (id === undefined) return;
      await (await this.queue.getJob(id))?.promote();
      await until('it to run', () => this.running.has(id));
    },
  };

  async enqueue({ key }: Step, options: object): Promise<void> {
    const holders = await this.holdersOf(key);
    const { id, status } = await this.producer.enqueue(job, { key }, { key, ...options });
    expect([status, holders]).toEqual(holders.length === 0 ? ['added', []] : ['duplicate', [id]]);
    if (status === 'duplicate') return;
    this.ids[key]?.push(id);
    if (!('delay' in options)) await until('it to run', () => this.running.has(id));
  }

  async end(step: Step, error: Error | undefined): Promise<void> {
    const id = await this.pick(step, 'active');
    if (id === undefined) return;
    this.running.get(id)?.(error);
    await until('it to be settled', async () => (await this.queue.getJobState(id)) !== 'active');
  }
}

const step: fc.Arbitrary<Step> = fc.record({
  does: fc.constantFrom<Step['does']>(
    // Most sequences have a job that failed and another one with its key.
    ...(['enqueue', 'enqueue', 'enqueue', 'enqueueDelayed', 'enqueueRow', 'complete', 'fail', 'fail', 'fail'] as const),
    ...(['cancel', 'retry', 'retry', 'retry', 'removeByStock', 'promote'] as const),
  ),
  key: fc.constantFrom('a', ...KEYS),
  which: fc.nat({ max: 5 }),
});

describe('whatever happens to jobs with keys', () => {
  test('a key never has two jobs that hold it, and is never taken without one', async ({ world: _ }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }), async (steps) => {
        await lendWorld(async (world) => {
          const dashboard = await Dashboard.start(world);
          await dashboard.logIn();
          const model = new Model(world, dashboard);
          await model.producer.enqueue(job, { key: 'first' }, { delay: '1d' });
          await until('the board to have the queue', async () => {
            const { queues } = await dashboard.json<{ queues: object[] }>('api/queues');
            return queues.length > 0;
          });
          for (const one of steps) {
            await model.steps[one.does](one);
            for (const key of KEYS) expect((await model.holdersOf(key)).length).toBeLessThanOrEqual(1);
          }
          // A record that nobody removes is gone with its job, or expires.
          for (const key of KEYS) {
            const record = `${world.prefix}:${job.queue}:key:${hashKey(job.name, key)}`;
            const isHeld = (await model.holdersOf(key)).length > 0;
            if (isHeld) expect(await world.redis.exists(record)).toBe(1);
          }
          for (const end of [...model.running.values()]) end();
        });
      }),
      {
        numRuns: Number(process.env['KEYS_RUNS'] ?? 8),
        ...(process.env['KEYS_SEED'] === undefined ? {} : { seed: Number(process.env['KEYS_SEED']) }),
      },
    );
  });
});
