import { defineJob } from '@bullpen/shared';
import { handle } from '@bullpen/worker';
import { Worker } from 'bullmq';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { OwnRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

/** How many commands Redis has carried out, those of scripts included, and how many waits for a job. */
async function countCommands({ admin }: OwnRedis): Promise<{ readonly all: number; readonly waits: number }> {
  const stats = await admin.info('commandstats');
  const counts = [...stats.matchAll(/cmdstat_(\w+)\S*:calls=(\d+)/g)].map(([, name, count]) => [name, Number(count)]);
  // The test itself asks for these counts.
  const { info: _, bzpopmin = 0, ...others } = Object.fromEntries(counts) as Record<string, number>;
  return { all: Object.values(others).reduce((sum, count) => sum + count, bzpopmin), waits: bzpopmin };
}

/** What an idle worker sends from one wait for a job to the next, for each of its queues. */
async function commandsPerWait(own: OwnRedis, queues: number): Promise<number> {
  // Between two waits, so that all that belongs to one is counted.
  const counted = async (waits: number) => {
    let last = 0;
    const isOver = async () => {
      const counts = await countCommands(own);
      const isQuiet = counts.all === last;
      last = counts.all;
      return isQuiet && counts.waits >= waits && counts;
    };
    return until(`${waits} waits to be over`, isOver, 50_000, 200);
  };
  // The first waits follow the start of the worker.
  const before = await counted(queues);
  const after = await counted(before.waits + 4 * queues);
  return (after.all - before.all) / (after.waits - before.waits);
}

const jobsOf = (count: number) =>
  Array.from({ length: count }, (_, at) =>
    defineJob({ name: `test.idle.${at}`, queue: `idle-${at}`, payload: z.any() }),
  );

async function ours(world: World, count: number): Promise<number> {
  const own = await OwnRedis.start(world);
  const handlers = jobsOf(count).map((job) => handle(job, async () => undefined));
  await world.worker({ redis: own.server.url, handlers }).ready;
  return commandsPerWait(own, count);
}

async function stock(world: World, count: number): Promise<number> {
  const own = await OwnRedis.start(world);
  for (const { queue } of jobsOf(count)) {
    const worker = new Worker(queue, async () => undefined, { connection: { url: own.server.url } });
    worker.on('error', () => undefined);
    world.onClose(() => worker.close(true));
  }
  return commandsPerWait(own, count);
}

describe.concurrent('a worker of idle queues sends no more commands a second than BullMQ’s', () => {
  // Ours waits for 4 s at a time, and BullMQ's for 5 s.
  test.for([1, 5])('with %i of them', { timeout: 60_000 }, async (count, { world }) => {
    const [each, stockEach] = await Promise.all([ours(world, count), stock(world, count)]);
    // On a busy machine a command or two of the look before or after may be counted.
    expect(each / 4).toBeLessThanOrEqual(stockEach / 5 + 0.2);
  });
});
