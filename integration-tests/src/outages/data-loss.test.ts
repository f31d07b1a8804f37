import { describe, expect } from 'vitest';
import { scripted } from '../fixtures/jobs.js';
import { OwnRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';
import { test } from '../support/world.js';

/** What the log says of it. */
const GONE = /^jobs that were being attempted are gone from Redis: .*FLUSHALL, a failover, a restart/;

describe('a Redis that loses its data', () => {
  test('is said to have lost it: once by a worker, with a number, and by a producer that waits', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const ends = [{ do: 'hang' as const, heed: true }];
    const rows = await world.file('rows.ndjson', `${JSON.stringify({ ends })}\n`.repeat(20));
    const flags = [...own.flags, '--queue', scripted.queue, '--concurrency', '20', '--lease', '2s'];
    const worker = world.workerProcess(flags);
    const batch = world.producerProcess(['batch', scripted.name, rows, '--name', 'b', '--wait', ...own.flags]);
    await world.started(20);
    const watch = world.producerProcess(['batches', 'watch', 'b', '--json', ...own.flags]);
    await watch.printed('"added":20');
    await own.admin.flushall();

    const gone = await until('the loss to be logged', () => worker.log.find(({ msg }) => GONE.test(msg)));
    expect(gone).toMatchObject({ level: 50, queue: scripted.queue, jobs: 20 });
    expect(await batch.ended).toMatchObject({
      ...{ code: 1, stderr: expect.stringMatching(/books of batch 'b' vanished while it was waited for: .*FLUSHALL/) },
    });
    expect(await watch.ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('vanished while it was watched'),
    });
    worker.kill('SIGTERM');
    await worker.ended;
    const saysLost = /^lease lost/;
    const lost = worker.log.filter(
      ({ msg, reason }) => saysLost.test(msg) || saysLost.test(String(reason)) || GONE.test(msg),
    );
    expect(lost).toEqual([gone]);
    const aborted = world.ledger().filter(({ event }) => event === 'aborted');
    expect(aborted.map(({ reason }) => reason)).toEqual(Array(20).fill('LeaseLost'));
  });
});
