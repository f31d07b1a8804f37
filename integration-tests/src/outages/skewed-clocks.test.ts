import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from 'bullmq';
import { describe, expect } from 'vitest';
import { type Ending, fleeting, timed } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { ask, scrape } from '../support/health-port.js';
import { OwnRedis } from '../support/own-redis.js';
import { SkewedClock } from '../support/skewed-clock.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

const MINUTE = 60_000;
const TEN_MINUTES = 10 * MINUTE;
/** In which direction a clock is wrong, and by how much. */
const SKEWS = [
  ['ahead', TEN_MINUTES],
  ['behind', -TEN_MINUTES],
] as const;
const HEALTH = ['--health-port', '0', '--health-host', '127.0.0.1'];

const ends = (...all: Ending[]): { ends: Ending[] } => ({ ends: all });

/** What time it is by Redis' clock. */
async function redisNow(world: World): Promise<number> {
  const [seconds, microseconds] = await world.redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}

/** The instant at which a delayed job is due. */
async function dueAt({ prefix, redis }: World, queue: string, id: string, from = redis): Promise<number> {
  return Math.floor(Number(await from.zscore(`${prefix}:${queue}:delayed`, id)) / 0x1000);
}

/** Waits until a job is delayed, and tells after how long by Redis' clock it is due. */
async function waitOf(world: World, queue: string, id: string): Promise<number> {
  await until(`${id} to be delayed`, async () => (await dueAt(world, queue, id)) > 0);
  return (await dueAt(world, queue, id)) - (await redisNow(world));
}

const startedAt = ({ processedOn }: Job): number => processedOn ?? 0;

describe.each(SKEWS)('a worker whose clock is ten minutes %s', (_, skewMs) => {
  const start = (world: World, ...args: string[]) => {
    const clock = new SkewedClock(`${world.folder}/clock`, skewMs);
    return world.workerProcess([...args, ...HEALTH], clock.env);
  };

  test('expires no job that is in time, and starts none that is late', async ({ world }) => {
    const producer = world.producer();
    const queue = world.queue('timed');
    const inTime = await producer.enqueueMany(
      timed,
      Array.from({ length: 20 }, () => ({})),
    );
    await producer.batches.run(timed, { name: 'shared', source: sourceOf([{}, {}, {}]), rowsPerJob: 3 });
    await producer.batches.run(timed, { name: 'single', source: sourceOf([{}, {}, {}]) });
    const { id } = await producer.enqueue(fleeting, {});
    const late = (await redisNow(world)) + 100;
    await until('the job to be late', async () => (await redisNow(world)) > late);
    start(world, '--queue', 'timed', '--queue', 'scripted');
    for (const answer of inTime) {
      if (answer.status !== 'added') throw new Error(answer.status);
      expect(await (await world.settled(queue, answer.id)).getState()).toBe('completed');
    }
    for (const name of ['shared', 'single']) {
      expect(await producer.batches.wait({ name })).toMatchObject({ completed: 3, failed: 0 });
    }
    const expired = await world.settled(world.queue('scripted'), id);
    expect(expired.failedReason).toMatch(/^JobExpired: the job expired at/);
    expect(expired.finishedOn).toBeLessThanOrEqual(await redisNow(world));
    expect(expired.finishedOn).toBeGreaterThan(late);
  });

  test('waits out delays, backoffs and snoozes, of jobs and of rows', async ({ world }) => {
    const producer = world.producer();
    const failing = await producer.enqueue(timed, ends({ do: 'throw', what: 'error' }));
    const snoozing = await producer.enqueue(timed, ends({ do: 'snooze', ms: 30_000 }));
    const delayed = await producer.enqueue(timed, {}, { delay: '9m' });
    const rows = [ends({ do: 'throw', what: 'error' }), ends({ do: 'snooze', ms: 30_000 }), ends({ do: 'return' })];
    await producer.batches.run(timed, { name: 'shared', source: sourceOf(rows), rowsPerJob: 3 });
    start(world, '--queue', 'timed');
    await world.started(5);
    for (const id of [failing.id, snoozing.id, 'b-shared-1', 'b-shared-2']) {
      const wait = await waitOf(world, 'timed', id);
      expect([id, wait > 20_000, wait <= 30_000]).toEqual([id, true, true]);
    }
    expect(await waitOf(world, 'timed', delayed.id)).toBeGreaterThan(8 * MINUTE);
    expect(world.ledger().filter(({ event }) => event === 'start')).toHaveLength(5);
  });

  test('fetches a delayed job when it is due, and does not ask for it all the time', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const producer = world.producer({ redis: own.server.url });
    const queue = own.queue('timed');
    const worker = start(world, '--queue', 'timed', ...own.flags);
    await worker.logged('worker ready');
    const commands = async (): Promise<number> =>
      Number(/total_commands_processed:(\d+)/.exec(await own.admin.info('stats'))?.[1]);
    const before = await commands();
    const { id } = await producer.enqueue(timed, {}, { delay: 2_000 });
    const due = await dueAt(world, 'timed', id, own.admin);
    await world.started(1);
    expect((await commands()) - before).toBeLessThan(200);
    const lateMs = startedAt(await world.settled(queue, id)) - due;
    // A worker that waited by its own clock would be ten minutes early or late.
    expect([lateMs >= 0, lateMs < MINUTE]).toEqual([true, true]);
  });

  test('makes the runs of a schedule at their instants', async ({ world }) => {
    const queue = world.queue('timed');
    for (const [id, repeat] of [
      ['interval', { every: 1_000 }],
      ['cron', { pattern: '* * * * * *' }],
    ] as const) {
      await queue.upsertJobScheduler(id, repeat, { name: timed.name, data: { name: id, ends: [{ do: 'return' }] } });
    }
    start(world, '--queue', 'timed');
    for (const id of ['interval', 'cron']) {
      const runs = () => world.ledger().filter(({ event, name }) => event === 'start' && name === id);
      await until(`three runs of ${id}`, () => runs().length >= 3);
    }
  });

  test('says so once, is ready all the same, and measures it', async ({ world }) => {
    const worker = start(world, '--queue', 'timed');
    const { port } = (await worker.logged('health port is open')) as unknown as { port: number };
    await worker.logged('worker ready');
    const warnings = () => worker.log.filter(({ msg }) => msg.includes('clock'));
    await until('the warning', () => warnings().length > 0);
    const { status, text } = await ask(port, '/readyz');
    const words = skewMs > 0 ? 'ahead of' : 'behind';
    expect([status, text]).toEqual([200, expect.stringMatching(new RegExp(`^ok\n.*10m ${words} .*\n$`))]);
    expect(await ask(port, '/livez')).toEqual({ status: 200, text: 'ok\n' });
    const measured = (await scrape(port)).get('bullpen_clock_skew_seconds') ?? 0;
    expect(Math.abs(measured - skewMs / 1000)).toBeLessThan(1);
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]?.['skewMs']).toBeCloseTo(skewMs, -3);
  });
});

test('a clock of Redis that was set back does not keep the jobs of a dead worker', async ({ world }) => {
  const args = ['--queue', 'timed', '--lease', '1s'];
  const dead = world.workerProcess(args);
  const { id } = await world.producer().enqueue(timed, ends({ do: 'work', ms: 500 }));
  await world.started(1);
  dead.kill('SIGKILL');
  await dead.ended;
  // Redis keeps the instant at which a key expires: all keys live on by as much as its clock was set.
  const base = `${world.prefix}:timed:`;
  await world.redis.set(`${base}stalled-check`, (await redisNow(world)) + TEN_MINUTES, 'PX', TEN_MINUTES + 200);
  await world.redis.pexpire(`${base}${id}:lock`, TEN_MINUTES + 1_000);
  world.workerProcess(args);
  expect(await (await world.settled(world.queue('timed'), id)).getState()).toBe('completed');
});

describe('a clock that is set during an attempt', () => {
  test('does not change how long the attempt took', async ({ world }) => {
    const clock = new SkewedClock(`${world.folder}/clock`, 0);
    const worker = world.workerProcess(['--queue', 'timed', '--log-level', 'debug', ...HEALTH], clock.env);
    const { port } = (await worker.logged('health port is open')) as unknown as { port: number };
    const producer = world.producer();
    const completed = () => worker.log.filter(({ msg }) => msg === 'attempt completed');
    for (const [at, set] of [60 * MINUTE, -60 * MINUTE].entries()) {
      const path = `${world.folder}/finish-${at}`;
      await producer.enqueue(timed, ends({ do: 'until-file', path }));
      await world.started(at + 1);
      clock.set(set);
      // The process sees it within 20 ms.
      await sleep(100);
      await world.file(`finish-${at}`, '');
      await until('the attempt to end', () => completed().length > at);
      const durationMs = Number(completed()[at]?.['durationMs']);
      expect([durationMs > 0, durationMs < MINUTE]).toEqual([true, true]);
    }
    const sum = (await scrape(port)).get('bullpen_attempt_duration_seconds_sum{queue="timed",job="test.timed"}') ?? 0;
    expect([sum > 0, sum < 60]).toEqual([true, true]);
  });
});

describe.each(SKEWS)('a producer whose clock is ten minutes %s', (_, skewMs) => {
  const enqueue = async (world: World, ...args: string[]) => {
    const { env } = new SkewedClock(`${world.folder}/clock`, skewMs);
    const command = world.producerProcess(['enqueue', 'test.timed', '--data', '{}', '--json', ...args], undefined, env);
    const { code, stdout, stderr } = await command.ended;
    return { code, stderr, id: code === 0 ? (JSON.parse(stdout) as { id: string }).id : '' };
  };
  const iso = (at: number): string => new Date(at).toISOString();

  test('enqueues by Redis’ clock what is relative, and takes instants as they are written', async ({ world }) => {
    const queue = world.queue('timed');
    const before = await redisNow(world);
    const plain = await enqueue(world);
    const job = await queue.getJob(plain.id);
    expect(job?.timestamp).toBeGreaterThanOrEqual(before);
    expect(job?.timestamp).toBeLessThanOrEqual(await redisNow(world));
    expect(job?.opts).toMatchObject({ bullpen: { expiresAt: Number(job?.timestamp) + 5 * MINUTE } });

    const delayed = await enqueue(world, '--delay', '30s');
    const timestamp = Number((await queue.getJob(delayed.id))?.timestamp);
    expect(await dueAt(world, 'timed', delayed.id)).toBe(timestamp + 30_000);

    const at = before + MINUTE;
    const written = await enqueue(world, '--at', iso(at), '--expires-in', '1m');
    const off = `the clock of this host is 10m ${skewMs > 0 ? 'ahead of' : 'behind'} Redis' clock`;
    expect([plain.stderr, written.stderr]).toEqual(['', expect.stringContaining(`warning: ${off}`)]);
    expect(await dueAt(world, 'timed', written.id)).toBe(at);
    expect((await queue.getJob(written.id))?.opts).toMatchObject({ bullpen: { expiresAt: at + MINUTE } });

    const expiresAt = before + 5 * MINUTE;
    const expiring = await enqueue(world, '--expires-at', iso(expiresAt));
    expect((await queue.getJob(expiring.id))?.opts).toMatchObject({ bullpen: { expiresAt } });
    const passed = await enqueue(world, '--expires-at', iso(before - 1_000));
    expect([passed.code, passed.stderr]).toEqual([64, expect.stringContaining('has passed already')]);
    const early = await enqueue(world, '--delay', '5m', '--expires-at', iso(before + MINUTE));
    expect([early.code, early.stderr]).toEqual([64, expect.stringContaining('after the job is due')]);
  });

  test('writes the books of a batch by Redis’ clock', async ({ world }) => {
    const { env } = new SkewedClock(`${world.folder}/clock`, skewMs);
    const rows = await world.file('rows.ndjson', '{}\n{}\n');
    const before = await redisNow(world);
    const { code } = await world.producerProcess(['batch', 'test.timed', rows, '--name', 'b'], undefined, env).ended;
    expect(code).toBe(0);
    const { createdAt, writtenAt, readAt } = await world.producer().batches.show({ name: 'b' });
    const after = await redisNow(world);
    for (const at of [createdAt, writtenAt, readAt ?? 0]) expect([at >= before, at <= after]).toEqual([true, true]);
  });
});
