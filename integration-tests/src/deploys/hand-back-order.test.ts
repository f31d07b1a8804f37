import { defineJob } from '@bullpen/shared';
import { handle } from '@bullpen/worker';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

const job = defineJob({ name: 'test.order', queue: 'order', payload: z.object({ n: z.number() }), timeout: '1m' });

const ACTIVE = [0, 1, 2, 3, 4, 5];
const WAITING = [6, 7];

/** Eight jobs, of which a worker attempts the first six. */
async function attempting(world: World, priority: number | undefined, abortGrace: '300ms' | '1m') {
  const producer = world.producer();
  const key = (list: string) => `${world.prefix}:order:${list}`;
  const options = priority === undefined ? {} : { priority };
  const ids: string[] = [];
  for (const n of [...ACTIVE, ...WAITING]) ids.push((await producer.enqueue(job, { n }, options)).id);
  const stops = new Map<number, () => void>();
  const handler = handle(job, async ({ n }, { signal }) => {
    await new Promise<void>((resolve) => stops.set(n, resolve));
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    throw signal.reason;
  });
  const worker = world.worker({
    handlers: [handler],
    concurrency: ACTIVE.length,
    drainTimeout: 0,
    abortGrace,
  });
  await until('six attempts', () => stops.size === ACTIVE.length);
  /** The jobs that wait, the next one first. */
  const waiting = async (): Promise<number[]> => {
    const list =
      priority === undefined
        ? (await world.redis.lrange(key('wait'), 0, -1)).reverse()
        : await world.redis.zrange(key('prioritized'), '0', '-1');
    return list.map((id) => ids.indexOf(id));
  };
  /** Ends the handlers of these jobs in this order, each when the one before is back. */
  const stop = async (order: readonly number[]): Promise<void> => {
    for (const n of order) {
      stops.get(n)?.();
      await until(`job ${n} to be handed back`, async () => (await waiting()).includes(n));
    }
  };
  return { worker, waiting, stop };
}

/** Ways in which the six jobs come back: which handlers stop, in which order, and what then. */
const ways: Readonly<Record<string, readonly [order: readonly number[], then: 'nothing' | 'abandon' | 'last word']>> = {
  'when their handlers stop, one by one': [[3, 0, 5, 1, 4, 2], 'nothing'],
  'when their handlers stop, the oldest first': [ACTIVE, 'nothing'],
  'when they are abandoned, two handlers having stopped before': [[4, 1], 'abandon'],
  'by the last word, three handlers having stopped before': [[4, 1, 3], 'last word'],
};

describe('jobs that are handed back', () => {
  for (const [way, [order, then]] of Object.entries(ways)) {
    for (const priority of [undefined, 7]) {
      test(`${way}, stand in front in the order in which they were fetched; priority: ${priority ?? 'none'}`, async ({
        world,
      }) => {
        const { worker, waiting, stop } = await attempting(world, priority, then === 'abandon' ? '300ms' : '1m');
        const drained = worker.drain();
        await stop(order);
        if (then === 'last word') {
          worker.process.handBackAll();
          await stop(ACTIVE.filter((n) => !order.includes(n)));
        }
        await drained;
        expect(await waiting()).toEqual([...ACTIVE, ...WAITING]);
      });
    }
  }

  test('and fetched by another worker come back again in the same order', async ({ world }) => {
    const first = await attempting(world, undefined, '1m');
    const drained = first.worker.drain();
    await first.stop([5, 2, 0, 4, 3, 1]);
    await drained;
    let begun = 0;
    const handler = handle(job, () => {
      begun += 1;
      return new Promise(() => undefined);
    });
    const second = world.worker({ handlers: [handler], concurrency: 3 });
    await until('three attempts', () => begun === 3);
    await second.drain();
    expect(await first.waiting()).toEqual([...ACTIVE, ...WAITING]);
  });
});
