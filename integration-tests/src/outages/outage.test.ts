import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, defineJob } from '@bullpen/shared';
import { handle, startWorker } from '@bullpen/worker';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { precious, row } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { OwnRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

/**
 * A job with one attempt and no crash to spare, while it is attempted. Its handler works on,
 * whatever happens to Redis, until `finish` is called or its signal aborts.
 */
async function working(world: World, flags: readonly string[] = []) {
  const own = await OwnRedis.start(world);
  const producer = world.producer({ redis: own.server.url, redisTimeout: '1s' });
  const path = join(world.folder, 'finish');
  const { id } = await producer.enqueue(precious, { ends: [{ do: 'until-file', path }] });
  const worker = world.workerProcess(['--queue', 'precious', ...own.flags, ...flags]);
  await world.started(1);
  const finish = () => world.file('finish', '');
  return { own, producer, id, worker, finish, queue: own.queue('precious') };
}

/** Lets the handler succeed, and waits until it has. */
async function succeed(world: World, { finish }: Awaited<ReturnType<typeof working>>): Promise<void> {
  await finish();
  await until('the handler to end', () => ended(world));
}

/** How many commands this Redis has refused with this error. */
async function refusals(own: OwnRedis, error: string): Promise<number> {
  const found = new RegExp(`errorstat_${error}:count=(\\d+)`).exec(await own.admin.info('errorstats'));
  return Number(found?.[1] ?? 0);
}

const ended = (world: World): boolean => world.ledger().some(({ event }) => event === 'end');

/** Expects that the job is done, once, and cost one attempt. */
async function expectDoneOnce(world: World, { queue, id }: Awaited<ReturnType<typeof working>>): Promise<void> {
  const job = await world.settled(queue, id);
  expect(await job.getState()).toBe('completed');
  expect(job).toMatchObject({ attemptsMade: 1, stalledCounter: 0 });
  expect(world.ledger().filter(({ event, jobId }) => event === 'end' && jobId === id)).toHaveLength(1);
}

describe('a handler that succeeds while Redis', () => {
  test('is a replica, after a failover: the job is completed when it is a primary again; the log says it once', async ({
    world,
  }) => {
    const setting = await working(world);
    const { own, worker } = setting;
    await own.admin.replicaof('127.0.0.1', 1);
    await worker.logged('redis refuses our commands; retrying');
    await succeed(world, setting);
    const before = await refusals(own, 'READONLY');
    await until('Redis to refuse many times', async () => (await refusals(own, 'READONLY')) > before + 5);
    await own.admin.replicaof('NO', 'ONE');
    await expectDoneOnce(world, setting);
    await worker.logged('redis is available');
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    const loud = worker.log.filter(({ level }) => Number(level) >= 40);
    expect(loud.map(({ msg }) => msg)).toEqual(['redis refuses our commands; retrying']);
  });

  test('is a replica: what only looks is answered', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const producer = world.producer({ redis: own.server.url });
    await producer.enqueue(precious, {});
    await producer.batches.run(row, { name: 'b', source: sourceOf([{ id: 1, email: 'a@example.com' }]) });
    await own.admin.replicaof('127.0.0.1', 1);
    for (const command of [['queues'], ['batches'], ['batches', 'show', 'b'], ['batches', 'export', 'b']])
      expect(await world.producerProcess([...command, ...own.flags]).ended).toMatchObject({ code: 0 });
  });

  test('is a replica, at rows of a batch: the fates are written when it is a primary again', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const producer = world.producer({ redis: own.server.url });
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const job = defineJob({
      name: 'test.booked',
      queue: 'booked',
      payload: z.object({ fails: z.boolean() }),
      maxAttempts: 1,
    });
    const handler = handle(job, async ({ fails }) => {
      await released;
      if (fails) throw new Error('boom');
    });
    await producer.batches.run(job, { name: 'booked', source: sourceOf([{ fails: false }, { fails: true }]) });
    const logger = createLogger({ level: 'silent' });
    const worker = startWorker({ handlers: [handler], redis: own.server.url, prefix: world.prefix, logger });
    world.onClose(() => worker.drain());
    await until('both to run', () => worker.active === 2);
    await own.admin.replicaof('127.0.0.1', 1);
    release();
    await until('the worker to be refused', () => !worker.health().ready);
    await own.admin.replicaof('NO', 'ONE');
    expect(await producer.batches.wait({ name: 'booked' })).toMatchObject({
      completed: 1,
      failed: 1,
      missing: 0,
    });
    const failures = [];
    for await (const failure of producer.batches.failures({ name: 'booked' })) failures.push(failure);
    expect(failures).toMatchObject([{ row: 2, payload: { fails: true }, outcome: 'failed', attempts: 1 }]);
    // The books say everything about a row, so its job is removed.
    expect(await own.queue('booked').getJobCounts('completed', 'failed')).toEqual({ completed: 0, failed: 0 });
  });

  test('is killed and started again: the job is completed, and the worker goes on by itself', async ({ world }) => {
    const setting = await working(world);
    const { own, producer, worker, queue } = setting;
    await own.server.kill();
    await succeed(world, setting);
    await expect(producer.enqueue(precious, {})).rejects.toMatchObject({ code: 'BULLPEN_REDIS_UNAVAILABLE' });
    await own.server.start();
    await expectDoneOnce(world, setting);
    const next = await producer.enqueue(precious, {});
    await until('the next job to be done', async () => (await queue.getJob(next.id))?.finishedOn !== undefined);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    const told = worker.log.filter(({ level }) => Number(level) >= 40).map(({ msg }) => msg);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^redis (connection was lost|is unavailable); retrying$/);
  });

  test('is away for longer than the lease: the job is completed when it is back, as nobody else has it', async ({
    world,
  }) => {
    const setting = await working(world, ['--lease', '1s']);
    setting.own.server.send('SIGSTOP');
    await succeed(world, setting);
    // The lease runs out meanwhile, and nothing tells so: the attempt has ended already.
    await sleep(1_500);
    setting.own.server.send('SIGCONT');
    await expectDoneOnce(world, setting);
  });
});

describe('a handler that runs on while Redis', () => {
  test('is frozen for longer than the lease: the attempt aborts with LeaseLost and starts again, no attempt and no crash spent', async ({
    world,
  }) => {
    const setting = await working(world, ['--lease', '1s']);
    setting.own.server.send('SIGSTOP');
    await setting.worker.logged('lease ran out; aborting the attempt');
    await until('the handler to be aborted', () => world.ledger().some(({ event }) => event === 'aborted'));
    setting.own.server.send('SIGCONT');
    await setting.finish();
    await expectDoneOnce(world, setting);
    expect(world.ledger().find(({ event }) => event === 'aborted')?.reason).toBe('LeaseLost');
  });
});

describe('a worker that waits for empty queues', () => {
  test('waits through a Redis that is too busy to answer', async ({ world }) => {
    const { own, worker, queue, id, finish } = await working(world, ['--until-empty']);
    await own.admin.config('SET', 'lua-time-limit', 20);
    const busy = own.admin.duplicate();
    const now = "local t = redis.call('TIME'); return t[1] * 1000 + t[2] / 1000";
    const forASecond = `local function now() ${now} end local from = now() while now() - from < 1000 do end`;
    const over = busy.eval(forASecond, 0).finally(() => busy.disconnect());
    await finish();
    await over;
    expect((await worker.ended).code).toBe(0);
    expect(await (await world.settled(queue, id)).getState()).toBe('completed');
  });
});

describe('a Redis that does not let us', () => {
  test('run a command from the start: the worker exits 69 and says which', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const redis = own.server.url.replace('://', '://guest:secret@');
    for (const may of ['-@scripting', '-srem']) {
      await own.admin.call('ACL', 'SETUSER', 'guest', 'reset', 'on', '>secret', '~*', '&*', '+@all', may);
      const worker = world.workerProcess(['--queue', 'precious', '--redis', redis]);
      const says = expect.stringMatching(/refused us: .*(permission|can't run this command|ACL)/);
      expect(await worker.ended).toMatchObject({ code: 69, stderr: says });
    }
  });

  test('run scripts any more: the worker logs it once, waits, and records afterwards what was done meanwhile', async ({
    world,
  }) => {
    const setting = await working(world);
    const { own, worker } = setting;
    await own.admin.call('ACL', 'SETUSER', 'default', '-evalsha', '-eval');
    await worker.logged('redis refuses our commands; retrying');
    await succeed(world, setting);
    await own.admin.call('ACL', 'SETUSER', 'default', '+evalsha', '+eval');
    await expectDoneOnce(world, setting);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    const loud = worker.log.filter(({ level }) => Number(level) >= 40);
    expect(loud.map(({ msg }) => msg)).toEqual(['redis refuses our commands; retrying']);
  });

  test('write in a script any more: the worker waits, and records afterwards what was done meanwhile', async ({
    world,
  }) => {
    const setting = await working(world);
    const { own, worker } = setting;
    await own.admin.call('ACL', 'SETUSER', 'default', '-zadd', '-lrem', '-sadd');
    await succeed(world, setting);
    await worker.logged('redis refuses our commands; retrying');
    await own.admin.call('ACL', 'SETUSER', 'default', '+zadd', '+lrem', '+sadd');
    const job = await world.settled(setting.queue, setting.id);
    expect(await job.getState()).toBe('completed');
    expect(world.ledger().filter(({ event }) => event === 'start')).toHaveLength(1);
  });

  test('fetch jobs: the worker logs an error a minute, not thousands', async ({ world }) => {
    const own = await OwnRedis.start(world);
    await own.admin.set(`${world.prefix}:precious:wait`, 'somebody else’s');
    const worker = world.workerProcess(['--queue', 'precious', ...own.flags]);
    await worker.logged('queue reported an error');
    const fetches = async () =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await own.admin.info('commandstats'))?.[1] ?? 0);
    const [before, beganAt] = [await fetches(), performance.now()];
    await until('some more fetches', async () => (await fetches()) > before + 5);
    // Without a pause these fetches would take milliseconds.
    expect(performance.now() - beganAt).toBeGreaterThan(1_000);
    worker.kill('SIGTERM');
    await worker.ended;
    expect(worker.log.filter(({ msg }) => msg === 'queue reported an error').length).toBeLessThan(4);
  });
});

describe('a Redis that refuses us our database', () => {
  /**
   * Allows a user everything on `own`, with or without the choice of a database. Returns the URL of
   * database 5 for that user.
   */
  async function guest(own: OwnRedis, may: '+select' | '-select'): Promise<string> {
    await own.admin.call('ACL', 'SETUSER', 'guest', 'on', '>secret', '~*', '&*', '+@all', may);
    return `${own.server.url.replace('://', '://guest:secret@')}/5`;
  }

  test('from the start: neither producer nor worker uses another one', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const redis = await guest(own, '-select');
    const theirs = await world.producer({ redis: own.server.url }).enqueue(precious, {});
    const ours = world.producer({ redis, redisTimeout: '5s' });
    for (let at = 0; at < 3; at += 1) await expect(ours.enqueue(precious, {})).rejects.toThrow(/refused us/);
    const worker = world.workerProcess(['--queue', 'precious', '--redis', redis]);
    expect((await worker.ended).code).toBe(69);
    expect(await (await own.queue('precious').getJob(theirs.id))?.getState()).toBe('waiting');
    expect(await own.queue('precious').getJobCountByTypes('waiting', 'completed')).toBe(1);
  });

  test('on reconnect: the worker waits until it may use it again', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const redis = await guest(own, '+select');
    const worker = world.workerProcess(['--queue', 'precious', '--redis', redis]);
    await worker.logged('worker ready');
    const theirs = await world.producer({ redis: own.server.url }).enqueue(precious, {});
    await guest(own, '-select');
    await own.admin.call('CLIENT', 'KILL', 'USER', 'guest');
    await worker.logged('redis connection was lost; retrying');
    const refused = async (): Promise<boolean> => /rejected_calls=[1-9]/.test(await own.admin.info('commandstats'));
    await until('the worker to be refused', refused);
    await guest(own, '+select');
    await world.producer({ redis: `${own.server.url}/5` }).enqueue(precious, {});
    await world.started(1);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    expect(await (await own.queue('precious').getJob(theirs.id))?.getState()).toBe('waiting');
  });
});

describe('a Redis that forgets its scripts', () => {
  test('still gets the fates of rows written', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const producer = world.producer({ redis: own.server.url });
    world.workerProcess(['--queue', 'rows', '--concurrency', '1', ...own.flags]);
    const send = async (batch: string) => {
      const source = sourceOf([1, 2, 3].map((id) => ({ id, email: 'a@b.de' })));
      await producer.batches.run(row, { name: batch, source });
      return producer.batches.wait({ name: batch });
    };
    const settled = { completed: 3, failed: 0, missing: 0 };
    expect(await send('first')).toMatchObject(settled);
    await own.admin.script('FLUSH');
    // A job that is no row brings back BullMQ's scripts, and none of ours.
    const plain = await producer.enqueue(row, { id: 9, email: 'a@b.de' });
    await world.settled(own.queue('rows'), plain.id);
    expect(await send('second')).toMatchObject(settled);
  });
});

describe('a drain while Redis', () => {
  for (const how of ['SIGSTOP', 'SIGKILL'] as const) {
    test(`is gone (${how}) ends in time with exit 70, and no attempt is spent`, async ({ world }) => {
      const limits = ['--drain-timeout', '100ms', '--abort-grace', '100ms', '--lease', '2s'];
      const { own, worker, id } = await working(world, limits);
      if (how === 'SIGSTOP') own.server.send('SIGSTOP');
      else await own.server.kill();
      worker.kill('SIGTERM');
      const { code } = await worker.ended;
      const summary = await worker.logged('worker stopped');
      expect(code).toBe(70);
      expect(summary).toMatchObject({ active: 1, handedBack: 0, cutOff: 1, cutOffJobIds: [id] });
      if (how === 'SIGSTOP') own.server.send('SIGCONT');
      else await own.server.start();
      world.workerProcess(['--queue', 'precious', ...own.flags, '--lease', '2s']);
      const queue = own.queue('precious');
      // A frozen Redis reads our last words when it wakes, and hands the job back. A killed Redis
      // never got them, and to it the process looks dead.
      if (how === 'SIGSTOP') await world.started(2);
      else expect((await world.settled(queue, id)).failedReason).toMatch(/^JobCrashed/);
      expect((await queue.getJob(id))?.attemptsMade).toBe(0);
    });
  }

  test('is away does not wait for it when the worker is idle', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const worker = world.workerProcess(['--queue', 'precious', ...own.flags]);
    await worker.logged('worker ready');
    await own.server.kill();
    await until('the worker to notice', () => worker.log.some(({ msg }) => msg.startsWith('redis ')));
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    expect((await worker.logged('worker stopped'))['durationMs']).toBeLessThan(2_000);
  });
});
