import { describe, expect } from 'vitest';
import { scripted } from '../fixtures/jobs.js';
import { OwnRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';
import { test } from '../support/world.js';

/** What the log says of it. */
const GONE = /^jobs that were being attempted, or about to be, are gone from Redis: .*FLUSHALL, a failover, a restart/;

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

  test('is said to have lost a job whose key somebody deleted while it ran; its slot is free again', async ({
    world,
  }) => {
    const path = `${world.folder}/finish`;
    const producer = world.producer();
    const { id } = await producer.enqueue(scripted, { name: 'gone', ends: [{ do: 'until-file', path }] });
    const worker = world.workerProcess(['--queue', scripted.queue, '--concurrency', '1', '--lease', '1s']);
    await world.started(1);
    await world.redis.del(`${world.prefix}:${scripted.queue}:${id}`);
    const next = await producer.enqueue(scripted, { name: 'next' });
    const queue = world.queue(scripted.queue);
    expect(await (await world.settled(queue, next.id)).getState()).toBe('completed');
    const gone = await until('the loss to be logged', () => worker.log.find(({ msg }) => GONE.test(msg)));
    expect(gone).toMatchObject({ jobs: 1, jobIds: [id] });
    expect(world.ledger().find(({ event }) => event === 'aborted')).toMatchObject({
      name: 'gone',
      reason: 'LeaseLost',
    });
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    expect(await world.redis.keys(`${world.prefix}:${scripted.queue}:${id}*`)).toEqual([]);
    expect(await queue.getActiveCount()).toBe(0);
  });

  test('is said to have lost jobs of which only the ids are left on the queue; none of them fails', async ({
    world,
  }) => {
    const producer = world.producer();
    const ids: string[] = [];
    for (let at = 0; at < 3; at += 1) ids.push((await producer.enqueue(scripted, { name: `${at}` })).id);
    const late = await producer.enqueue(scripted, {}, { delay: 100 });
    await world.redis.del(...[ids[1], late.id].map((id) => `${world.prefix}:${scripted.queue}:${id}`));
    const worker = world.workerProcess(['--queue', scripted.queue, '--until-empty']);
    expect((await worker.ended).code).toBe(0);
    expect(await world.queue(scripted.queue).getJobCounts('wait', 'active', 'delayed', 'completed', 'failed')).toEqual({
      ...{ wait: 0, active: 0, delayed: 0, completed: 2, failed: 0 },
    });
    const told = worker.log.filter(({ msg }) => GONE.test(msg)).flatMap(({ jobIds }) => jobIds);
    expect(told.toSorted()).toEqual([ids[1], late.id].toSorted());
    expect(await world.keys()).not.toContain(`${world.prefix}:${scripted.queue}:${ids[1]}`);
  });
});
