import { join } from 'node:path';
import { defineJob } from '@bullpen/shared';
import { handle } from '@bullpen/worker';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { handlePrecious, scriptedHandlers } from '../fixtures/handlers.js';
import { precious, scripted } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

const lockOf = (world: World, id: string): string => `${world.prefix}:scripted:${id}:lock`;

describe('a lease', () => {
  test('is lost to another worker: the attempt ends here at once, and nothing of it is recorded', async ({ world }) => {
    const { id } = await world.producer().enqueue(scripted, { ends: [{ do: 'hang', heed: false }] });
    const worker = world.worker({ handlers: scriptedHandlers, lease: '1s' });
    await until('the job to run', () => worker.active === 1);
    await world.redis.set(lockOf(world, id), 'of-somebody-else', 'PX', 60_000);
    await until('the attempt to end', () => worker.active === 0);
    const { sinceStart } = await worker.drain();
    expect(sinceStart).toMatchObject({ completed: 0, failed: 0, handedBack: 0, unrecorded: 1 });
    expect((await world.queue('scripted').getJob(id))?.attemptsMade).toBe(0);
  });

  test('is lost: late progress and a late result are refused', async ({ world }) => {
    const { id } = await world.producer().enqueue(scripted, { ends: [{ do: 'progress-when-aborted', ms: 50 }] });
    const worker = world.workerProcess(['--lease', '1s']);
    await world.started(1);
    await world.redis.set(lockOf(world, id), 'of-somebody-else', 'PX', 60_000);
    await worker.logged('lease lost; another worker may attempt the job');
    await until('the handler to end', () => world.ledger().some(({ event }) => event === 'end'));
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    const job = await world.queue('scripted').getJob(id);
    expect(job).toMatchObject({ attemptsMade: 0, progress: 0 });
    expect(job?.returnvalue).toBeNull();
    expect(world.ledger().find(({ event }) => event === 'aborted')).toMatchObject({ reason: 'LeaseLost' });
  });

  test('ran out and nobody took the job: it is taken up again, and the work counts', async ({ world }) => {
    const { id } = await world.producer().enqueue(precious, { ends: [{ do: 'work', ms: 1_500, heed: false }] });
    const worker = world.worker({ handlers: [handlePrecious], lease: '1s' });
    await until('the job to run', () => worker.active === 1);
    await world.redis.del(`${world.prefix}:precious:${id}:lock`);
    const job = await world.settled(world.queue('precious'), id);
    expect(await job.getState()).toBe('completed');
    expect(job).toMatchObject({ attemptsMade: 1, stalledCounter: 0 });
  });

  test('of a job that is back in its queue: a late success is not recorded, and the job runs again', async ({
    world,
  }) => {
    const path = join(world.folder, 'go');
    const { id } = await world.producer().enqueue(precious, { ends: [{ do: 'until-file', path }] });
    const worker = world.workerProcess(['--queue', 'precious']);
    await world.started(1);
    const queue = world.queue('precious');
    // As if a stall check had put it back, and its crash had been taken back in an answer that
    // never came.
    await queue.pause();
    await world.redis
      .multi()
      .del(`${world.prefix}:precious:${id}:lock`)
      .lrem(`${world.prefix}:precious:active`, 1, id)
      .rpush(`${world.prefix}:precious:wait`, id)
      .exec();
    await world.file('go', '');
    await until('the first attempt to end', () => world.ledger().some(({ event }) => event !== 'start'));
    await worker.logged('lease lost; another worker may attempt the job');
    await queue.resume();
    const job = await world.settled(queue, id);
    expect(job).toMatchObject({ attemptsMade: 1, stalledCounter: 0 });
    expect(world.ledger().filter(({ event }) => event === 'start')).toHaveLength(2);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    expect(await worker.logged('worker stopped')).toMatchObject({ sinceStart: { completed: 1, unrecorded: 1 } });
  });

  test('is lost as a handler blocks the event loop: the log warns, and a crash is counted, no attempt', async ({
    world,
  }) => {
    // The job may crash once.
    const ends = [{ do: 'block' as const, path: join(world.folder, 'go') }];
    const { id } = await world.producer().enqueue(precious, { ends });
    const blocked = world.workerProcess(['--lease', '2s', '--queue', 'precious']);
    await world.started(1);
    // The shorter its lease is, the sooner a worker looks for jobs that others have lost.
    const other = world.workerProcess(['--lease', '1s', '--queue', 'precious']);
    const job = await world.settled(world.queue('precious'), id);
    await world.file('go', '');
    // On a busy machine the watchdog may be faster.
    await until('the log to tell', () =>
      blocked.log.some(({ msg }) => msg.startsWith('event loop stood still') && /leases cannot|watchdog/.test(msg)),
    );
    expect(job.failedReason).toBe('JobCrashed: 1 worker process died or stood still while attempting the job');
    expect(job.attemptsMade).toBe(0);
    expect(other.log.map(({ msg }) => msg)).toContain('job crashed too often');
  });

  test('is lost as a handler blocks the event loop: the crash stays counted when the worker goes on', async ({
    world,
  }) => {
    const path = join(world.folder, 'go');
    const { id } = await world.producer().enqueue(scripted, { ends: [{ do: 'block', path }] });
    const blocked = world.workerProcess(['--lease', '2s', '--queue', 'scripted']);
    await world.started(1);
    world.workerProcess(['--lease', '1s', '--queue', 'scripted']);
    await world.started(2);
    await world.file('go', '');
    const job = await world.settled(world.queue('scripted'), id);
    // It has woken and asked about its lease; or its watchdog was faster.
    await until('the blocked worker to notice', () =>
      blocked.log.some(({ msg }) => msg.startsWith('lease lost') || msg.includes('watchdog')),
    );
    expect((await world.queue('scripted').getJob(id))?.stalledCounter).toBe(1);
    expect(job).toMatchObject({ attemptsMade: 1, attemptsStarted: 2 });
  });

  test('is lost as the network swallows everything: crash and suspicion are taken back when the worker is back', async ({
    world,
  }) => {
    const { proxy, url } = await world.proxy();
    const path = join(world.folder, 'go');
    const { id } = await world.producer().enqueue(scripted, { ends: [{ do: 'until-file', path }] });
    const cutOff = world.workerProcess(['--lease', '1s', '--queue', 'scripted', '--redis', url]);
    await world.started(1);
    proxy.mode = 'black-hole';
    world.workerProcess(['--lease', '1s', '--queue', 'scripted']);
    await world.started(2);
    const queue = world.queue('scripted');
    expect((await queue.getJob(id))?.stalledCounter).toBe(1);
    proxy.cut();
    proxy.heal();
    await until('the crash to be taken back', async () => (await queue.getJob(id))?.stalledCounter === 0);
    expect(await world.redis.hexists(`${world.prefix}:scripted:${id}`, 'bullpen.suspect')).toBe(0);
    await world.file('go', '');
    expect(await (await world.settled(queue, id)).getState()).toBe('completed');
    expect((await queue.getJob(id))?.attemptsStarted).toBe(2);
    cutOff.kill('SIGTERM');
    await cutOff.ended;
    expect(world.ledger().find(({ event }) => event === 'aborted')).toMatchObject({
      pid: cutOff.pid,
      reason: 'LeaseLost',
    });
  });

  test('is lost and the worker has not noticed: what the handler still says is refused', async ({ world }) => {
    const said: string[] = [];
    let go: () => void = () => undefined;
    const goAhead = new Promise<void>((resolve) => {
      go = resolve;
    });
    const job = defineJob({ name: 'test.fenced', queue: 'fenced', payload: z.object({}) });
    const handler = handle(job, async (_, context) => {
      said.push(context.jobId);
      await goAhead;
      await context.progress('too late');
      said.push('through');
    });
    const producer = world.producer();
    await producer.batches.run(job, { name: 'fenced', source: sourceOf([{}]) });
    // The first renewal, which would notice, comes when a quarter of the lease is gone.
    const worker = world.worker({ handlers: [handler], lease: '40s' });
    await until('the job to run', () => said.length === 1);
    const id = said[0] as string;
    await world.redis.set(`${world.prefix}:fenced:${id}:lock`, 'of-somebody-else', 'PX', 60_000);
    go();
    await until('the attempt to end', () => said.length === 2 && worker.active === 0);
    const stored = await world.queue('fenced').getJob(id);
    expect(stored).toMatchObject({ attemptsMade: 0, progress: 0, returnvalue: null });
    expect(await producer.batches.show({ name: 'fenced' })).toMatchObject({ added: 1, completed: 0, failed: 0 });
  });

  test('outlives a block of the event loop of 2 s', async ({ world }) => {
    const { id } = await world.producer().enqueue(precious, { ends: [{ do: 'block', ms: 2_000 }] });
    const [blocked, other] = [world.workerProcess(), world.workerProcess()];
    const job = await world.settled(world.queue('precious'), id);
    expect(job).toMatchObject({ attemptsMade: 1, stalledCounter: 0 });
    expect(world.ledger().filter(({ event }) => event === 'start')).toHaveLength(1);
    expect([...blocked.log, ...other.log].filter(({ msg }) => /^lease/.test(msg))).toEqual([]);
  });
});
