import { setTimeout as sleep } from 'node:timers/promises';
import type { Producer } from '@bullpen/producer';
import type { Events } from '@bullpen/shared';
import { handle } from '@bullpen/worker';
import { describe, expect } from 'vitest';
import { sourceOf } from '../support/batch-source.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';
import { bothSides, job, type Play, type Side } from './sides.js';
import { withEvents } from './told-events.js';

/**
 * A script of ours records successes and fetches the next jobs, as BullMQ's own scripts do more than
 * is needed. These tests compare what our script leaves on Redis, and which job it fetches next,
 * with what a stock BullMQ worker leaves. An upgrade that changes it fails here.
 */

/** How three jobs come that run one after the other. The second runs until it may go on. */
interface Kind {
  readonly keep: Play['keep'];
  add(side: Side, options: { priority?: number }): Promise<unknown>;
  addDelayed(side: Side, delay: number): Promise<unknown>;
}

const KINDS: Record<string, Kind> = {
  row: {
    // Bullpen removes the jobs of batches when they are settled.
    keep: { count: 0 },
    add: ({ producer }, options) =>
      producer.batches.run(job, { name: 'b', source: sourceOf(['1', '2', '3'].map((name) => ({ name }))), ...options }),
    addDelayed: ({ producer }, delay) =>
      producer.batches.run(job, { name: 'c', source: sourceOf([{ name: 'x' }]), delay }),
  },
  'single job': {
    keep: { count: 1_000, age: 3_600 },
    add: (side, options) => side.enqueue(['1', '2', '3'], options),
    addDelayed: (side, delay) => side.enqueue(['x'], { delay }),
  },
  'job with a key': {
    keep: { count: 1_000, age: 3_600 },
    async add(side, options) {
      for (const name of ['1', '2', '3']) await side.enqueue([name], { key: name, ...options });
    },
    addDelayed: (side, delay) => side.enqueue(['x'], { key: 'x', delay }),
  },
};

/** What happens while the first job runs. */
type Meanwhile = (side: Side, kind: Kind) => Promise<unknown>;

const CASES: Record<string, { priority?: number; events?: Events; meanwhile?: Meanwhile }> = {
  'jobs that wait': {},
  'a queue that tells ends': { events: 'ends' },
  'a queue that tells none': { events: 'none' },
  'jobs with a priority': { priority: 3 },
  'a queue that was paused': { meanwhile: ({ queue }) => queue.pause() },
  'a queue with a global concurrency': { meanwhile: ({ queue }) => queue.setGlobalConcurrency(1) },
  'a queue with a global rate limit': { meanwhile: ({ queue }) => queue.setGlobalRateLimit(1, 60_000) },
  'a queue that a client has limited by hand': { meanwhile: ({ queue }) => queue.rateLimit(60_000) },
  'a delayed job that is not due': { meanwhile: (side, { addDelayed }) => addDelayed(side, 60_000) },
  'a delayed job that has become due': {
    meanwhile: async (side, { addDelayed }) => {
      await addDelayed(side, 5);
      const [due] = await side.queue.getDelayed();
      await until('it to be due', () => Date.now() > (due?.timestamp ?? 0) + 10);
    },
  },
};

/** How many jobs begin. Then the queue is paused, or over its limit. */
const begins = (name: string): number => (name.includes('paused') ? 1 : name.includes('global rate limit') ? 2 : 3);

for (const [what, kind] of Object.entries(KINDS)) {
  describe(`the success of a ${what} leaves in Redis what a stock BullMQ worker leaves`, () => {
    for (const [name, { priority, events = 'all', meanwhile }] of Object.entries(CASES)) {
      test(`of ${name}`, async ({ world }) => {
        const sides = await bothSides(world, {
          ...{ keep: kind.keep, events },
          before: (side) => kind.add(side, priority === undefined ? {} : { priority }),
          run: (side, nth) => (nth === 1 ? meanwhile?.(side, kind) : nth === 2 ? side.gate : undefined),
        });
        const snapshots = async () => {
          const [found = {}, expected = {}] = await Promise.all(sides.map((side) => side.snapshot()));
          return [found, withEvents(expected, events)] as const;
        };
        const [one, other] = sides;
        /** Waits until so many handlers have ended on both sides, and so many jobs are active. */
        const ended = async (count: number, active: number): Promise<void> => {
          for (const side of sides) {
            const isSo = async () => side.ended === count && (await world.redis.llen(side.key('active'))) === active;
            await until(`${count} jobs to be completed`, isSo);
          }
        };
        const count = begins(name);
        for (const side of sides) await side.begun(Math.min(count, 2));
        await ended(1, count === 1 ? 0 : 1);
        const [found, expected] = await snapshots();
        expect(found).toEqual(expected);
        expect(one.started).toEqual(other.started);
        for (const side of sides) side.letGo();
        if (count === 1) return;
        if (count === 2) await ended(2, 0);
        else for (const side of sides) await side.done();
        const [last, lastExpected] = await snapshots();
        // An idle worker takes the marker away.
        expect({ ...last, marker: undefined }).toEqual({ ...lastExpected, marker: undefined });
        if (what === 'row' && count === 3)
          expect(await world.redis.hmget(one.key('batch:b'), 'added', 'completed')).toEqual(['3', '3']);
      });
    }
  });
}

/**
 * The worker has free slots. They asked for a job, were told that the queue is full, and wait.
 */
describe('a row’s success in a queue that is full', () => {
  async function beginnings(world: World, count: number, run: (producer: Producer) => Promise<unknown>) {
    await world.queue(job.queue).setGlobalConcurrency(1);
    const producer = world.producer();
    const begun: number[] = [];
    const handlers = [
      handle(job, async () => {
        begun.push(performance.now());
        await run(producer);
      }),
    ];
    world.worker({ handlers, concurrency: 10 });
    return { producer, begun, all: () => until('all rows to begin', () => begun.length === count) };
  }

  test('brings the next of rows with a priority', async ({ world }) => {
    const { producer, begun, all } = await beginnings(world, 4, () => sleep(100));
    const source = sourceOf(['1', '2', '3', '4'].map((name) => ({ name })));
    await producer.batches.run(job, { name: 'b', source, priority: 3 });
    await all();
    // A blocking read lasts up to 4 s.
    expect((begun[3] ?? 0) - (begun[0] ?? 0)).toBeLessThan(3_000);
  });

  test('wakes a slot that waits, for a delayed job that has become due', async ({ world }) => {
    let ended = 0;
    const { producer, begun, all } = await beginnings(world, 2, async (own) => {
      if (ended > 0) return;
      // It is due after the free slots have begun to wait a second time: not for this job.
      await own.batches.run(job, { name: 'c', source: sourceOf([{ name: '2' }]), delay: 3_300 });
      await sleep(3_500);
      ended = performance.now();
    });
    await producer.batches.run(job, { name: 'b', source: sourceOf([{ name: '1' }]) });
    await all();
    expect((begun[1] ?? 0) - ended).toBeLessThan(1_000);
  });
});

describe('a row whose result Redis does not take', () => {
  test('is counted itself, and other rows that end in the same call are recorded', async ({ world }) => {
    const producer = world.producer();
    const rows = [1, 2, 3].map((row) => ({ name: `${row}` }));
    await producer.batches.run(job, { name: 'b', source: sourceOf(rows), results: true });
    await producer.batches.run(job, { name: 'c', source: sourceOf(rows) });
    const base = `${world.prefix}:${job.queue}`;
    await world.redis.set(`${base}:batch:b:results`, 'not a hash');
    let letGo = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let begun = 0;
    const handlers = [
      handle(job, async () => {
        begun += 1;
        await gate;
      }),
    ];
    const worker = world.worker({ handlers, concurrency: 12 });
    await until('all rows to begin', () => begun === 6);
    letGo();
    await until('no attempt to be under way', () => worker.active === 0);
    expect(await world.redis.hget(`${base}:batch:b`, 'completed')).toBe('3');
    expect(await world.redis.hget(`${base}:batch:c`, 'completed')).toBe('3');
    expect(await world.redis.keys(`${base}:b-*`)).toEqual([]);
  });
});
