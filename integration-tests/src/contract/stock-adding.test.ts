import { describe, expect } from 'vitest';
import { StockClient } from '../support/stock-client.js';
import { until } from '../support/until.js';
import { test } from '../support/world.js';
import { BULLMQ } from './installed-bullmq.js';

/**
 * docs/coming-from-bullmq.md says which of BullMQ's own ways to add jobs may be used beside
 * Bullpen. Each of its statements is a test here.
 */
describe(`a worker attempts what a stock queue of ${BULLMQ} adds`, () => {
  test('add, addBulk and jobId: with the payload parsed, and the id given', async ({ world }) => {
    const stock = new StockClient(world);
    expect(await stock.add(1, { jobId: 'my-id' })).toBe('my-id');
    await stock.queue.addBulk([2, 3].map((n) => ({ name: 'test.stock', data: { n } })));
    stock.work();
    expect(await stock.attempts(3)).toEqual([1, 2, 3]);
  });

  test('a payload that does not fit the schema, and a name without a handler, are rejected', async ({ world }) => {
    const stock = new StockClient(world);
    const wrong = await stock.queue.add('test.stock', { n: 'one' });
    const nobodys = await stock.queue.add('test.nobody', {});
    stock.work();
    for (const { id } of [wrong, nobodys]) await stock.state(id as string, 'failed');
    expect((await stock.queue.getJob(wrong.id as string))?.failedReason).toMatch(/^PayloadInvalid: /);
    expect((await stock.queue.getJob(nobodys.id as string))?.failedReason).toMatch(/^HandlerMissing: /);
    expect(stock.attempted).toEqual([]);
  });

  test('attempts: its own number counts, not that of the definition', async ({ world }) => {
    const stock = new StockClient(world);
    const id = await stock.add(1, { attempts: 3 }, { fails: true });
    stock.work();
    await stock.state(id, 'failed');
    expect(stock.attempted).toEqual([1, 1, 1]);
  });

  test('without attempts it has those of the definition', async ({ world }) => {
    const stock = new StockClient(world);
    const id = await stock.add(1, {}, { fails: true });
    stock.work();
    await stock.state(id, 'failed');
    expect(stock.attempted).toEqual([1, 1]);
  });

  test('lifo, delay and priority', async ({ world }) => {
    const stock = new StockClient(world);
    await stock.add(3, { priority: 2 });
    await stock.add(2, { priority: 1 });
    await stock.add(1);
    await stock.add(0, { lifo: true });
    await stock.add(4, { delay: 1 });
    const due = Date.now() + 5;
    await until('the delay to be over', () => Date.now() > due);
    stock.work();
    // A job that has become due goes behind those that wait, and before those with a priority.
    expect(await stock.attempts(5)).toEqual([0, 1, 4, 2, 3]);
  });

  test('deduplication: the second is ignored until the first has ended', async ({ world }) => {
    const stock = new StockClient(world);
    const first = await stock.add(1, { deduplication: { id: 'd' } });
    expect(await stock.add(2, { deduplication: { id: 'd' } })).toBe(first);
    stock.work();
    await stock.state(first, 'completed');
    expect(await stock.add(3, { deduplication: { id: 'd' } })).not.toBe(first);
    expect(await stock.attempts(2)).toEqual([1, 3]);
  });

  test('deduplication with ttl (throttle): the second is ignored although the first has ended', async ({ world }) => {
    const stock = new StockClient(world);
    stock.work();
    const first = await stock.add(1, { deduplication: { id: 'd', ttl: 60_000 } });
    await stock.state(first, 'completed');
    expect(await stock.add(2, { deduplication: { id: 'd', ttl: 60_000 } })).toBe(first);
    await stock.queue.removeDeduplicationKey('d');
    await stock.add(3, { deduplication: { id: 'd', ttl: 60_000 } });
    expect(await stock.attempts(2)).toEqual([1, 3]);
  });

  test('deduplication with replace (debounce): the last of several delayed ones runs', async ({ world }) => {
    const stock = new StockClient(world);
    const deduplication = { id: 'd', ttl: 60_000, extend: true, replace: true };
    for (const n of [1, 2, 3]) await stock.add(n, { delay: 20, deduplication });
    const worker = stock.work();
    await worker.process.untilEmpty();
    expect(stock.attempted).toEqual([3]);
  });

  test('deduplication with keepLastIfActive: the last of those that came meanwhile runs after it', async ({
    world,
  }) => {
    const stock = new StockClient(world);
    const deduplication = { id: 'd', keepLastIfActive: true };
    stock.work(5);
    await stock.add(1, { deduplication }, { waits: true });
    await stock.attempts(1);
    for (const n of [2, 3]) await stock.add(n, { deduplication });
    stock.letGo();
    expect(await stock.attempts(2)).toEqual([1, 3]);
  });

  test('job schedulers: again and again, until they are removed', async ({ world }) => {
    const stock = new StockClient(world);
    stock.work();
    await stock.queue.upsertJobScheduler('often', { every: 30 }, { name: 'test.stock', data: { n: 7 } });
    expect((await stock.attempts(3)).slice(0, 3)).toEqual([7, 7, 7]);
    await stock.queue.removeJobScheduler('often');
    await until(
      'nothing to be left',
      async () => (await stock.queue.getJobCountByTypes('waiting', 'delayed', 'active')) === 0,
    );
  });

  test('flows: a parent runs after its children, and sees what they returned', async ({ world }) => {
    const stock = new StockClient(world);
    const child = (n: number) => ({ name: 'test.stock', queueName: 'stock', data: { n } });
    const { job: parent } = await stock.flows().add({ ...child(1), children: [child(2), child(3)] });
    stock.work(2);
    await stock.state(parent.id as string, 'completed');
    expect(stock.attempted.at(-1)).toBe(1);
    expect(Object.values(await parent.getChildrenValues())).toEqual(expect.arrayContaining([{ n: 2 }, { n: 3 }]));
  });

  test('flows: a parent fails with a child that says failParentOnFailure', async ({ world }) => {
    const stock = new StockClient(world);
    const child = {
      name: 'test.stock',
      queueName: 'stock',
      data: { n: 2, fails: true },
      opts: { failParentOnFailure: true },
    };
    const { job: parent } = await stock
      .flows()
      .add({ name: 'test.stock', queueName: 'stock', data: { n: 1 }, children: [child] });
    stock.work();
    await stock.state(parent.id as string, 'failed');
    expect(stock.attempted).toEqual([2, 2]);
  });

  test('removeOnComplete and removeOnFail of a job', async ({ world }) => {
    const stock = new StockClient(world);
    const completes = await stock.add(1, { removeOnComplete: true });
    const fails = await stock.add(2, { removeOnFail: true }, { fails: true });
    const worker = stock.work();
    await worker.process.untilEmpty();
    for (const id of [completes, fails]) expect(await stock.queue.getJob(id)).toBeUndefined();
  });
});
