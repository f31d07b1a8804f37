import { type EnqueueOptions, EnqueueStopped, openSource } from '@bullpen/producer';
import { OptionsInvalid, QueueFull } from '@bullpen/shared';
import { describe, expect } from 'vitest';
import { scriptedHandlers } from '../fixtures/handlers.js';
import { row, scripted } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

const PRODUCERS = 8;
const CHUNK = 1_000;
const payloads = (count: number) => Array.from({ length: count }, () => ({}));
const rows = (count: number) => Array.from({ length: count }, (_, id) => ({ id, email: 'a@b.de' }));

/** The error of an enqueue that fails. */
const faultOf = (enqueued: Promise<unknown>): Promise<unknown> =>
  enqueued.then(
    () => undefined,
    (error: unknown) => error,
  );

/**
 * Takes jobs off the queue until all of them have passed. Returns how long the queue was at most:
 * it only grows between two takes, so each take sees it at its longest.
 */
async function drainWatching(world: World, queue: string, count: number): Promise<number> {
  const key = `${world.prefix}:${queue}:wait`;
  let [longest, taken] = [0, 0];
  const take = async (): Promise<boolean> => {
    const [before, jobs] = (await world.redis.multi().llen(key).rpop(key, 700).exec()) ?? [];
    longest = Math.max(longest, Number(before?.[1]));
    taken += ((jobs?.[1] ?? []) as string[]).length;
    return taken >= count;
  };
  await until('all jobs to come by', take, 60_000);
  return longest;
}

describe('maxWaiting', () => {
  test('eight producers never exceed it by more than one chunk, and all of them finish', async ({ world }) => {
    const maxWaiting = 1_500;
    const each = 4_000;
    const sending = Array.from({ length: PRODUCERS }, (_, at) => {
      const producer = world.producer();
      if (at % 2 === 0) return producer.enqueueMany(row, rows(each), { maxWaiting });
      return producer.batches.run(row, { name: `b${at}`, source: sourceOf(rows(each)), maxWaiting });
    });
    const longest = await drainWatching(world, row.queue, PRODUCERS * each);
    await Promise.all(sending);
    expect(longest).toBeGreaterThanOrEqual(maxWaiting);
    expect(longest).toBeLessThan(maxWaiting + CHUNK);
  });

  test('a full queue refuses one job at once, and nothing is enqueued', async ({ world }) => {
    const producer = world.producer();
    await producer.enqueue(scripted, {}, { maxWaiting: 2 });
    await producer.enqueue(scripted, {}, { maxWaiting: 2 });
    const fault = await faultOf(producer.enqueue(scripted, {}, { maxWaiting: 2 }));
    expect(fault).toBeInstanceOf(QueueFull);
    expect(await world.queue('scripted').getWaitingCount()).toBe(2);
    expect(await producer.enqueue(scripted, {})).toMatchObject({ status: 'added' });
  });

  test('counts prioritized jobs, and delayed ones for a job with a delay', async ({ world }) => {
    const producer = world.producer();
    await producer.enqueueMany(scripted, payloads(3), { priority: 2 });
    expect(await faultOf(producer.enqueue(scripted, {}, { priority: 1, maxWaiting: 3 }))).toBeInstanceOf(QueueFull);
    await producer.enqueue(scripted, {}, { priority: 1, delay: '1h', maxWaiting: 4 });
    const later = producer.enqueue(scripted, {}, { priority: 1, delay: '1h', maxWaiting: 4 });
    expect(await faultOf(later)).toBeInstanceOf(QueueFull);
  });

  test('a reply is lost: the job that is in needs no room, and is reported as added', async ({ world }) => {
    const { proxy, url } = await world.proxy();
    const producer = world.producer({ redis: url });
    await producer.queues();
    proxy.mode = 'lose-replies';
    const enqueued = producer.enqueue(scripted, {}, { maxWaiting: 1 });
    await until('a reply to be lost', () => proxy.lost > 0);
    proxy.mode = 'forward';
    expect(await enqueued).toMatchObject({ status: 'added' });
    expect(await world.queue('scripted').getWaitingCount()).toBe(1);
  });

  test('enqueueMany that stops in the middle says how many jobs were added, and which', async ({ world }) => {
    const producer = world.producer();
    const stopped = await faultOf(
      producer.enqueueMany(row, rows(4_000), { maxWaiting: 1_000, signal: AbortSignal.abort() }),
    );
    expect(stopped).toBeInstanceOf(EnqueueStopped);
    expect(stopped).toMatchObject({
      message: expect.stringMatching(
        /^enqueueMany stopped, of \d+ payloads read so far 1000 added, .*: queue 'rows' is full: 1000 jobs or more wait on it$/,
      ),
      cause: expect.any(QueueFull),
    });
    const ids = (stopped as EnqueueStopped).answers.flatMap((answer) => (answer && 'id' in answer ? [answer.id] : []));
    expect(ids.reverse()).toEqual(await world.redis.lrange(`${world.prefix}:rows:wait`, 0, -1));
  });

  test('the wait for room ends when the signal aborts: enqueueMany throws, and a batch is interrupted and can go on later', async ({
    world,
  }) => {
    const producer = world.producer();
    await producer.enqueueMany(row, rows(10));
    const many = producer.enqueueMany(row, rows(5), { maxWaiting: 10, signal: AbortSignal.timeout(50) });
    expect(await faultOf(many)).toMatchObject({ code: 'BULLPEN_ENQUEUE_STOPPED', cause: expect.any(QueueFull) });
    const path = await world.file(
      'rows.ndjson',
      rows(5)
        .map((value) => `${JSON.stringify(value)}\n`)
        .join(''),
    );
    const stop = new AbortController();
    const open = () => openSource(path, undefined, process.stdin);
    const batch = producer.batches.run(row, { name: 'b', source: await open(), maxWaiting: 10, signal: stop.signal });
    await until('the batch to be opened', async () => (await producer.batches.list()).length === 1);
    stop.abort();
    expect(await batch).toMatchObject({ read: 0, added: 0, interrupted: true });
    await world.queue(row.queue).drain();
    const again = await producer.batches.run(row, { name: 'b', source: await open(), maxWaiting: 10 });
    expect(again).toMatchObject({ read: 5, added: 5, interrupted: false });
  });
});

describe('jobs with and without a priority on one queue', () => {
  const kinds: [string, EnqueueOptions, EnqueueOptions, RegExp][] = [
    [
      'none beside some',
      { priority: 5 },
      {},
      /priority: queue 'scripted' holds jobs with priorities, and a job without one/,
    ],
    ['some beside none', {}, { priority: 5 }, /priority: queue 'scripted' holds jobs without a priority/],
  ];
  for (const [name, first, second, says] of kinds) {
    test(`${name}: every way to enqueue refuses it, until the queue is empty`, async ({ world }) => {
      const producer = world.producer();
      await producer.enqueue(scripted, {}, first);
      const { priority } = second;
      const more = priority === undefined ? {} : { priority };
      for (const refused of [
        () => producer.enqueue(scripted, {}, second),
        () => producer.enqueue(scripted, {}, { ...second, delay: '1h' }),
      ]) {
        const fault = await faultOf(refused());
        expect(fault).toBeInstanceOf(OptionsInvalid);
        expect(String(fault)).toMatch(says);
      }
      const many = await faultOf(producer.enqueueMany(scripted, payloads(2), more));
      expect(many).toMatchObject({ cause: { code: 'BULLPEN_OPTIONS_INVALID' }, answers: [undefined, undefined] });
      const batch = await faultOf(producer.batches.run(scripted, { name: 'b', source: sourceOf([{}]), ...more }));
      expect(batch).toMatchObject({ cause: { code: 'BULLPEN_OPTIONS_INVALID' } });
      expect(await producer.batches.show({ name: 'b' })).toMatchObject({ read: 0, added: 0 });
      const worker = world.worker({ handlers: scriptedHandlers });
      await worker.process.untilEmpty();
      expect(await producer.enqueue(scripted, {}, second)).toMatchObject({ status: 'added' });
      await worker.process.untilEmpty();
      expect((await worker.drain()).sinceStart).toMatchObject({ completed: 2, failed: 0 });
    });
  }

  test('an active job and a delayed job also count', async ({ world }) => {
    const producer = world.producer();
    const ends = [{ do: 'until-file' as const, path: `${world.folder}/go` }];
    await producer.enqueue(scripted, { ends }, { priority: 5 });
    const worker = world.worker({ handlers: scriptedHandlers });
    await until('the job to run', () => worker.active === 1);
    expect(await faultOf(producer.enqueue(scripted, {}))).toBeInstanceOf(OptionsInvalid);
    await world.file('go', '');
    await worker.process.untilEmpty();
    await producer.enqueue(scripted, {}, { delay: '1h' });
    expect(await faultOf(producer.enqueue(scripted, {}, { priority: 5 }))).toBeInstanceOf(OptionsInvalid);
  });
});
