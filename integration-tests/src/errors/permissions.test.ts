import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { bulk, row, scripted } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { Dashboard } from '../support/dashboard.js';
import { OwnRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';
import { HANDLERS, test, type World } from '../support/world.js';

/** What a producer says of a command that it may not run, in the words of Redis 7 or 8. */
const REFUSED = /refused us: .*(can't run this command|has no permissions to run)/;

const DEPLOY = new URL('../../../docs/deploy.md', import.meta.url);

/** The rules that the documents give a user, for this prefix. */
function documentedRules(prefix: string): string[] {
  const line = /^ACL SETUSER bullpen (.*)$/m.exec(readFileSync(DEPLOY, 'utf8'))?.[1] ?? expect.fail('no ACL line');
  return line.replace('>the-password', '>pw').replaceAll('bullpen:', `${prefix}:`).split(' ');
}

/** Gives a Redis this user, and returns the address with which it logs in. */
async function asUser(own: OwnRedis, ...rules: string[]): Promise<string> {
  await own.admin.call('ACL', 'SETUSER', 'ann', 'reset', ...rules);
  return own.server.url.replace('://', '://ann:pw@');
}

const all = (world: World): string[] => ['on', '>pw', '+@all', `~${world.prefix}:*`, `&${world.prefix}:*`];

/** What Redis has denied to anybody. */
async function denied(own: OwnRedis): Promise<unknown> {
  return own.admin.call('ACL', 'LOG');
}

test('worker, producer and dashboard need no more than the user that docs/deploy.md describes', async ({ world }) => {
  const own = await OwnRedis.start(world);
  const redis = await asUser(own, ...documentedRules(world.prefix));
  const flags = ['--redis', redis];
  const worker = world.workerProcess([...flags, '--health-port', '0', '--lease', '1s', '--keep-failed', '50']);
  await worker.logged('worker ready');
  const dashboard = await Dashboard.start(world, flags);
  await dashboard.logIn();
  const producer = world.producer({ redis });
  const ends = (...list: object[]) => ({ ends: [...list, { do: 'return' }] }) as never;
  const payloads = [ends(), ends({ do: 'throw', what: 'error' }), ends({ do: 'snooze', ms: 10 })];
  const jobs = await Promise.all(payloads.map((payload) => producer.enqueue(scripted, payload)));
  for (const { id } of jobs) await world.settled(own.queue(scripted.queue), id);
  await producer.enqueue(scripted, ends(), { key: 'k' });
  const running = await producer.enqueue(scripted, ends({ do: 'hang', heed: true }));
  await until('it to run', () => world.ledger().some(({ event, jobId }) => event === 'start' && jobId === running.id));
  expect(await producer.cancel(scripted, running.id)).toBe('requested');
  await world.settled(own.queue(scripted.queue), running.id);
  const late = await producer.enqueue(scripted, ends(), { delay: '1h' });
  expect(await producer.cancel(scripted, late.id)).toBe('cancelled');

  const source = () =>
    sourceOf([
      { id: 1, email: 'a@example.com' },
      { id: 2, email: 'b@example.com' },
    ]);
  const { batches } = producer;
  await batches.run(row, { name: 'rows', source: source(), results: true });
  await batches.run(bulk, { name: 'shared', source: source() });
  await batches.run(row, { name: 'late', source: source(), delay: '1h' });
  for (const name of ['rows', 'shared']) expect(await batches.wait({ name })).toMatchObject({ completed: 2 });
  expect(await batches.cancel({ name: 'late' })).toMatchObject({ cancelled: 2 });
  const commands = [
    ['queues'],
    ['batches', 'show', 'rows'],
    ['batches', 'export', 'rows', '--results'],
    ['batches', 'retry', 'shared'],
  ];
  const ended = commands.map(async (args) => {
    const { code, stderr } = await world.producerProcess([...args, ...flags]).ended;
    return [args.join(' '), code, stderr.includes('NOPERM')];
  });
  expect(await Promise.all(ended)).toEqual(commands.map((args) => [args.join(' '), 0, false]));
  const paths = ['', 'queue/scripted', 'batches', 'batches.json', 'batches/rows/b1', 'api/redis/stats', 'api/queues'];
  for (const path of paths) await dashboard.ask(path);
  await until('the dashboard to find a queue', async () =>
    (await dashboard.ask('api/queues')).text.includes('scripted'),
  );
  await dashboard.ask('metrics');
  for (const action of ['pause', 'resume'])
    expect((await dashboard.ask(`api/queues/scripted/${action}`, { method: 'PUT' })).status).toBe(200);
  worker.kill('SIGTERM');
  await worker.ended;
  expect(await denied(own)).toEqual([]);
  expect(JSON.stringify(worker.log)).not.toContain('NOPERM');
});

describe('a missing permission', () => {
  test('of one command that a worker needs later ends it at the start, with what to allow', async ({ world }) => {
    const own = await OwnRedis.start(world);
    for (const [may, names] of [
      [['-bzpopmin'], 'bzpopmin'],
      [['-zincrby', '-ltrim'], 'ltrim, zincrby'],
    ] as const) {
      const redis = await asUser(own, ...all(world), ...may);
      const { code, stderr } = await world.workerProcess(['--queue', 'scripted', '--redis', redis]).ended;
      const grant = names.replaceAll(/(\w+),?/g, '+$1');
      expect([code, stderr]).toEqual([
        69,
        `bullpen-worker: Redis at ${own.server.url} refused us: NOPERM: the user may not run ${names} on '${world.prefix}:scripted:meta' (allow it: ACL SETUSER <user> ${grant})\n`,
      ]);
    }
  });

  test.for(['lpush', 'hset', 'incrby'])(
    'of %s stores nothing of what a producer enqueues, so that it can be enqueued again',
    async (command, { world }) => {
      const own = await OwnRedis.start(world);
      const redis = await asUser(own, ...all(world), `-${command}`);
      const producer = world.producer({ redis });
      const payload = { ends: [{ do: 'return' }] } as never;
      const source = () => sourceOf([{ id: 1, email: 'a@example.com' }]);
      const calls: readonly (() => Promise<unknown>)[] = [
        () => producer.enqueue(scripted, payload),
        () => producer.enqueue(scripted, payload, { key: 'one' }),
        () => producer.enqueueMany(scripted, [payload], { key: () => 'many' }),
        () => producer.batches.run(row, { name: 'rows', source: source() }),
      ];
      for (const call of calls) await expect(call()).rejects.toThrow(REFUSED);
      await asUser(own, ...all(world));
      const added = { status: 'added' };
      const answers = [added, added, [added], { added: 1, duplicate: 0 }];
      for (const [at, call] of calls.entries()) expect(await call()).toMatchObject(answers[at] as object);
      expect(await own.queue(scripted.queue).getWaitingCount()).toBe(3);
      expect(await own.queue(row.queue).getWaitingCount()).toBe(1);
    },
  );

  test.for(['lpush', 'hset', 'hincrby', 'zincrby', 'hdel'])(
    'of %s leaves the rows failed that a producer retries, so that they can be retried again',
    async (command, { world }) => {
      const own = await OwnRedis.start(world);
      const { batches } = world.producer({ redis: own.server.url });
      const rows = [1, 2].map((id) => ({ id, email: 'a@example.com', fail: 'on purpose' }));
      await batches.run(row, { name: 'rows', source: sourceOf(rows) });
      const worker = world.workerProcess(['--queue', row.queue, '--redis', own.server.url]);
      expect(await batches.wait({ name: 'rows' })).toMatchObject({ failed: 2 });
      worker.kill('SIGTERM');
      await worker.ended;
      const redis = await asUser(own, ...all(world), `-${command}`);
      const retry = () => world.producer({ redis }).batches.retry(row, { name: 'rows' });
      await expect(retry()).rejects.toThrow(REFUSED);
      expect(await batches.show({ name: 'rows' })).toMatchObject({ failed: 2, waiting: 0 });
      expect(await own.queue(row.queue).getWaitingCount()).toBe(0);
      await asUser(own, ...all(world));
      expect(await retry()).toMatchObject({ retried: 2 });
      expect(await batches.show({ name: 'rows' })).toMatchObject({ failed: 0, waiting: 2 });
      expect(await own.queue(row.queue).getWaitingCount()).toBe(2);
    },
  );

  test('of the channels makes cancellations late, and is warned about once, until it is there again', async ({
    world,
  }) => {
    const own = await OwnRedis.start(world);
    const redis = await asUser(own, ...all(world), 'resetchannels');
    const worker = world.workerProcess(['--queue', 'scripted', '--redis', redis, '--health-port', '0']);
    await worker.logged('worker ready');
    const { reason } = await worker.logged(
      'redis does not let us subscribe; running jobs are cancelled some seconds late',
    );
    expect(reason).toMatch(/channels.*&bullpen:\*/);
    const producer = world.producer({ redis: own.server.url });
    const hang = () => producer.enqueue(scripted, { ends: [{ do: 'hang', heed: true }] } as never);
    const first = await hang();
    await world.started(1);
    await producer.cancel(scripted, first.id);
    expect((await world.settled(own.queue('scripted'), first.id)).failedReason).toMatch(/^JobCancelled/);
    await asUser(own, ...all(world));
    await worker.logged('cancellations are heard at once again');
    // Redis cuts those off that may not hear any more what they have subscribed to.
    await own.admin.call('ACL', 'SETUSER', 'ann', 'resetchannels');
    const warned = () => worker.log.filter(({ msg }) => String(msg).startsWith('redis does not let us subscribe'));
    await until('the second warning', () => warned().length === 2);
    await asUser(own, ...all(world));
    await until(
      'it to be heard again',
      () => worker.log.filter(({ msg }) => msg === 'cancellations are heard at once again').length === 2,
    );
    const second = await hang();
    await world.started(2);
    await producer.cancel(scripted, second.id);
    await world.settled(own.queue('scripted'), second.id);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    expect(warned()).toHaveLength(2);
  });

  test('of the command that waits for jobs, taken away later, is an outage that ends', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const redis = await asUser(own, ...all(world));
    const worker = world.workerProcess(['--queue', 'scripted', '--redis', redis]);
    await worker.logged('worker ready');
    await own.admin.call('ACL', 'SETUSER', 'ann', '-bzpopmin');
    const { connection, reason } = await worker.logged('redis refuses our commands; retrying');
    expect([connection, reason]).toEqual([
      "waits for jobs of queue 'scripted'",
      expect.stringMatching(/NOPERM.*bzpopmin/),
    ]);
    const { id } = await world.producer({ redis: own.server.url }).enqueue(scripted, { ends: [{ do: 'return' }] });
    expect((await world.settled(own.queue('scripted'), id)).failedReason).toBeUndefined();
    await own.admin.call('ACL', 'SETUSER', 'ann', '+bzpopmin');
    await worker.logged('redis is available');
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    const loud = worker.log.filter(({ level }) => Number(level) >= 40);
    expect(loud.map(({ msg }) => msg)).toEqual(['redis refuses our commands; retrying']);
  });

  test.for([...['zadd', 'hset', 'set', 'lpush', 'ltrim']])(
    'of %s in the middle of scripts, taken away while jobs run, loses no job and repeats none',
    async (command, { world }) => {
      const own = await OwnRedis.start(world);
      const redis = await asUser(own, ...all(world));
      const flags = [
        '--queue',
        'scripted',
        '--redis',
        redis,
        '--lease',
        '1s',
        '--concurrency',
        '3',
        '--health-port',
        '0',
      ];
      const worker = world.workerProcess(flags);
      await worker.logged('worker ready');
      const producer = world.producer({ redis: own.server.url });
      const queue = own.queue('scripted');
      const go = join(world.folder, 'go');
      const payload = { ends: [{ do: 'until-file', path: go }] } as never;
      const added = await Promise.all(Array.from({ length: 6 }, () => producer.enqueue(scripted, payload)));
      await world.started(3);
      await own.admin.call('ACL', 'SETUSER', 'ann', `-${command}`);
      await world.file('go', '');
      const { reason } = await worker.logged('redis refuses our commands; retrying');
      expect(reason).toBe(
        `NOPERM: the user may not run ${command} on '${world.prefix}:scripted:meta' (allow it: ACL SETUSER <user> +${command})`,
      );
      await own.admin.call('ACL', 'SETUSER', 'ann', `+${command}`);
      for (const { id } of added) expect((await world.settled(queue, id)).failedReason).toBeUndefined();
      worker.kill('SIGTERM');
      expect((await worker.ended).code).toBe(0);
      const told = worker.log.map(({ msg }) => String(msg)).filter((msg) => msg.startsWith('redis '));
      expect(told).toEqual(['redis refuses our commands; retrying', 'redis is available']);
      expect(world.ledger().filter(({ event }) => event === 'start')).toHaveLength(6);
    },
  );
});

test('an address in a file is used by all three commands', async ({ world }) => {
  const own = await OwnRedis.start(world);
  await own.admin.config('SET', 'requirepass', 'se#cret');
  const address = own.server.url.replace('://', '://:se%23cret@');
  const file = await world.file('redis-url', `${address}\n`);
  const bare = { REDIS_URL_FILE: file };
  const prefix = ['--prefix', world.prefix];
  const queues = await world.command('bullpen-producer', ['queues', '--json', ...prefix], bare).ended;
  expect([queues.code, queues.stdout]).toEqual([0, '[]\n']);
  const worker = world.command('bullpen-worker', ['--handlers', HANDLERS, '--redis-file', file, ...prefix], {});
  const { redis } = await worker.logged('worker ready');
  expect(redis).toBe(own.server.url);
  const dashboard = world.command('bullpen-dashboard', ['--port', '0', '--host', '127.0.0.1', ...prefix], {
    ...bare,
    BULLPEN_DASHBOARD_PASSWORD: 'twelve characters',
  });
  await dashboard.logged('dashboard ready');
  const both = await world.command('bullpen-producer', ['queues', '--redis-file', file, '--redis', address], {}).ended;
  expect([both.code, both.stderr]).toEqual([
    64,
    expect.stringContaining('--redis-file: --redis is set as well; set one\n'),
  ]);
  const missing = join(world.folder, 'none');
  const none = await world.command('bullpen-producer', ['queues'], { REDIS_URL_FILE: missing }).ended;
  expect([none.code, none.stderr]).toEqual([
    64,
    expect.stringContaining(`REDIS_URL_FILE: there is no file ${missing}\n`),
  ]);
});
