import { OptionsInvalid, PayloadInvalid, RedisUnavailable } from '@bullpen/shared';
import { readBullpenOpts } from '@bullpen/shared/internal';
import { handle } from '@bullpen/worker';
import { describe, expect } from 'vitest';
import { handleFleeting, handleHasty, scriptedHandlers } from '../fixtures/handlers.js';
import { fleeting, hasty, scripted } from '../fixtures/jobs.js';
import { until } from '../support/until.js';
import { test } from '../support/world.js';

describe('enqueue', () => {
  test('says added the first time and duplicate the second, and the first payload stays', async ({ world }) => {
    const producer = world.producer();
    const first = await producer.enqueue(scripted, { name: 'first' }, { key: 'order 1' });
    const second = await producer.enqueue(scripted, { name: 'second' }, { key: 'order 1' });
    expect([first.status, second.status]).toEqual(['added', 'duplicate']);
    expect(second.id).toBe(first.id);
    expect((await world.queue('scripted').getJob(first.id))?.data).toEqual({ name: 'first' });
  });

  test('the same key for another job is another job', async ({ world }) => {
    const producer = world.producer();
    await producer.enqueue(scripted, {}, { key: 'k' });
    expect((await producer.enqueue(hasty, {}, { key: 'k' })).status).toBe('added');
  });

  for (const key of [
    'active',
    'wait',
    'meta',
    '0',
    '12345',
    'a:b:c',
    ':',
    '\u0000',
    'ключ 🔑',
    '../../etc',
    'x'.repeat(1_000),
    ' ',
  ]) {
    test(`a key may be anything: ${JSON.stringify(key.slice(0, 20))}`, async ({ world }) => {
      const { id, status } = await world.producer().enqueue(scripted, {}, { key });
      expect(status).toBe('added');
      expect(id).toMatch(/^k-[A-Za-z0-9_-]+$/);
      world.worker({ handlers: scriptedHandlers });
      expect(await (await world.settled(world.queue('scripted'), id)).getState()).toBe('completed');
    });
  }

  test('an invalid payload: every fault with its path, and nothing is sent', async ({ world }) => {
    const wrong = { name: 7, ends: [{ do: 'snooze', ms: 'a while' }] } as never;
    const failure = await world
      .producer()
      .enqueue(scripted, wrong)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PayloadInvalid);
    expect((failure as PayloadInvalid).faults.map(({ path }) => path)).toEqual(['name', 'ends.0.ms']);
    expect(await world.keys()).toEqual([]);
  });

  test('a delay is waited for', async ({ world }) => {
    const { id } = await world.producer().enqueue(scripted, {}, { delay: '300ms' });
    world.worker({ handlers: scriptedHandlers });
    const job = await world.settled(world.queue('scripted'), id);
    expect((job.processedOn ?? 0) - job.timestamp).toBeGreaterThanOrEqual(300);
  });

  test('priorities go in order', async ({ world }) => {
    const producer = world.producer();
    for (const priority of [3, 1, 2, 1]) await producer.enqueue(scripted, { name: `p${priority}` }, { priority });
    const order: string[] = [];
    const inOrder = handle(scripted, ({ name }) => void order.push(name));
    const worker = world.worker({ handlers: [inOrder, handleHasty, handleFleeting], concurrency: 1 });
    await worker.process.untilEmpty();
    expect(order).toEqual(['p1', 'p1', 'p2', 'p3']);
  });

  test('a queue has jobs with priorities or jobs without, also where another client added them', async ({ world }) => {
    const producer = world.producer();
    const stock = world.queue('scripted');
    const cases: Record<string, [add: () => Promise<unknown>, refused: { priority?: number }]> = {
      'a waiting job': [() => stock.add('x', {}, { jobId: 'x-1' }), { priority: 1 }],
      'a waiting job with a priority': [() => stock.add('x', {}, { jobId: 'x-1', priority: 3 }), {}],
      'a delayed job': [() => stock.add('x', {}, { jobId: 'x-1', delay: 60_000 }), { priority: 1 }],
      'a delayed job with a priority': [() => stock.add('x', {}, { jobId: 'x-1', delay: 60_000, priority: 3 }), {}],
    };
    for (const [what, [add, refused]] of Object.entries(cases)) {
      await add();
      const beside = producer.enqueue(scripted, {}, refused);
      await expect(beside, what).rejects.toThrow("queue 'scripted' holds jobs with");
      const allowed = refused.priority === undefined ? { priority: 9 } : {};
      const { status, id } = await producer.enqueue(scripted, {}, allowed);
      expect([what, status]).toEqual([what, 'added']);
      await producer.cancel(scripted, id);
      await stock.obliterate();
    }
    await producer.enqueue(scripted, {});
    await stock.add('x', {}, { jobId: 'x-1', priority: 3 });
    await expect(producer.enqueue(scripted, {})).rejects.toThrow('holds jobs with priorities');
  });

  test('the expiry of a definition counts from when the job is due', async ({ world }) => {
    const { id } = await world.producer().enqueue(fleeting, {}, { delay: '1h' });
    const job = await world.queue('scripted').getJob(id);
    const { expiresAt } = readBullpenOpts(job?.opts);
    expect(expiresAt).toBe((job?.timestamp ?? 0) + 3_600_000 + 50);
  });

  test('an instant is waited for, and a past one is now', async ({ world }) => {
    const at = new Date(Date.now() + 300);
    const { id } = await world.producer().enqueue(scripted, {}, { at, expiresIn: '1h' });
    const past = await world.producer().enqueue(scripted, {}, { at: new Date(0) });
    const { expiresAt } = readBullpenOpts((await world.queue('scripted').getJob(id))?.opts);
    expect(expiresAt).toBe(at.getTime() + 3_600_000);
    expect(await (await world.queue('scripted').getJob(past.id))?.getState()).toBe('waiting');
    world.worker({ handlers: scriptedHandlers });
    const job = await world.settled(world.queue('scripted'), id);
    expect(job.processedOn ?? 0).toBeGreaterThanOrEqual(at.getTime());
    await world.settled(world.queue('scripted'), past.id);
  });

  test('options are checked all at once', async ({ world }) => {
    const wrong = { key: '', delay: 'soon' as never, priority: 1.5, expiresAt: 'soon' as never };
    const failure = await world
      .producer()
      .enqueue(scripted, {}, wrong)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OptionsInvalid);
    expect((failure as OptionsInvalid).faults.map(({ path }) => path)).toEqual([
      'key',
      'priority',
      'delay',
      'expiresAt',
    ]);
  });
});

describe('enqueueMany', () => {
  test('answers for each payload, in order, over many chunks', async ({ world }) => {
    const payloads = Array.from({ length: 2_500 }, (_, at) => ({
      name: at % 100 === 99 ? (at as never) : `n${at % 2_000}`,
    }));
    const rows = await world.producer().enqueueMany(scripted, payloads, { key: ({ name }) => String(name) });
    expect(rows).toHaveLength(2_500);
    const count = (status: string) => rows.filter((row) => row.status === status).length;
    expect({ added: count('added'), duplicate: count('duplicate'), rejected: count('rejected') }).toEqual({
      added: 1_980,
      duplicate: 495,
      rejected: 25,
    });
    expect(rows[99]).toMatchObject({ status: 'rejected', faults: [{ path: 'name' }] });
    expect(rows[2_001]).toMatchObject({ status: 'duplicate' });
    expect(await world.queue('scripted').getWaitingCount()).toBe(1_980);
  });

  test('a key that stands twice in one chunk is a duplicate the second time', async ({ world }) => {
    const rows = await world.producer().enqueueMany(scripted, [{ name: 'a' }, { name: 'a' }], { key: () => 'same' });
    expect(rows.map(({ status }) => status)).toEqual(['added', 'duplicate']);
  });
});

describe('when Redis is away', () => {
  test('refused: RedisUnavailable within the bound, and it says where and why', async ({ world }) => {
    const producer = world.producer({ redis: 'redis://user:secret@127.0.0.1:1', redisTimeout: 300 });
    const startedAt = performance.now();
    const failure = await producer.enqueue(scripted, {}).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RedisUnavailable);
    expect((failure as RedisUnavailable).message).toMatch(/redis:\/\/127\.0\.0\.1:1 .*300ms.*ECONNREFUSED/);
    expect((failure as RedisUnavailable).unanswered).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  test('swallowed: RedisUnavailable that says the call may have been done', async ({ world }) => {
    const { proxy, url } = await world.proxy();
    const producer = world.producer({ redis: url, redisTimeout: '2s' });
    await producer.enqueue(scripted, {});
    proxy.mode = 'black-hole';
    const failure = await producer.enqueue(scripted, {}).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RedisUnavailable);
    expect((failure as RedisUnavailable).unanswered).toBe(true);
    proxy.mode = 'forward';
    expect((await producer.enqueue(scripted, {})).status).toBe('added');
  });

  test('swallowed for many calls at once: the connection is ended once, and the next one serves', async ({ world }) => {
    const { proxy, url } = await world.proxy();
    const producer = world.producer({ redis: url, redisTimeout: '300ms' });
    await producer.enqueue(scripted, {});
    const warnings: string[] = [];
    const warned = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', warned);
    proxy.mode = 'black-hole';
    const calls = Array.from({ length: 12 }, () => producer.enqueue(scripted, {}).catch((error: unknown) => error));
    for (const failure of await Promise.all(calls)) expect(failure).toBeInstanceOf(RedisUnavailable);
    proxy.mode = 'forward';
    await until('a call to be answered', () => producer.enqueue(scripted, {}).catch(() => undefined));
    process.off('warning', warned);
    expect(warnings).toEqual([]);
  });

  test('a lost reply: asked again, added once, and reported as added', async ({ world }) => {
    const { proxy, url } = await world.proxy();
    const producer = world.producer({ redis: url });
    await producer.enqueue(scripted, { name: 'warm' });
    proxy.mode = 'lose-replies';
    const enqueued = producer.enqueue(scripted, { name: 'once' }, { key: 'once' });
    const many = producer.enqueueMany(scripted, [{ name: 'a' }, { name: 'b' }, { name: 'a' }], {
      key: ({ name }) => name ?? '',
    });
    await until('a reply to be lost', () => proxy.lost > 0);
    proxy.mode = 'forward';
    expect((await enqueued).status).toBe('added');
    expect((await many).map(({ status }) => status)).toEqual(['added', 'added', 'duplicate']);
    expect(await world.queue('scripted').getWaitingCount()).toBe(4);
  });

  test('a wrong password is said at once, without the password', async ({ world }) => {
    const { port } = new URL(world.redisUrl);
    const producer = world.producer({ redis: `redis://nobody:s3cret@127.0.0.1:${port}`, redisTimeout: '30s' });
    const failure = await producer.enqueue(scripted, {}).catch((error: unknown) => error);
    expect(String(failure)).toMatch(/RedisUnavailable: .*WRONGPASS/);
    expect(String(failure)).not.toContain('s3cret');
  });

  test('a database that is not there is refused: nothing goes to another one', async ({ world }) => {
    const { host } = new URL(world.redisUrl);
    const producer = world.producer({ redis: `redis://${host}/9999`, redisTimeout: '30s' });
    const failure = await producer.enqueue(scripted, {}).catch((error: unknown) => error);
    expect(String(failure)).toMatch(/RedisUnavailable: .*refused us.*DB index is out of range/);
    expect(await world.keys()).toEqual([]);
  });

  test('close waits for what is under way, and later calls say that it is closed', async ({ world }) => {
    const producer = world.producer();
    const enqueued = producer.enqueue(scripted, {});
    await producer.close();
    await producer.close();
    expect((await enqueued).status).toBe('added');
    await expect(producer.enqueue(scripted, {})).rejects.toMatchObject({ code: 'BULLPEN_PRODUCER_CLOSED' });
  });
});
