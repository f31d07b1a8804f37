import { describe, expect } from 'vitest';
import { type Ending, scripted } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { OwnRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

const ROWS = 8;
const SHORT_LEASE = ['--queue', 'scripted', '--lease', '2s'];

/** Eight rows in one job. All but the third return at once. */
async function sendWith(world: World, third: Ending): Promise<void> {
  const values = Array.from({ length: ROWS }, (_, at) => ({
    name: `row ${at + 1}`,
    ends: [at === 2 ? third : { do: 'return' }],
  }));
  await world.producer().batches.run(scripted, { name: 'x', source: sourceOf(values), rowsPerJob: ROWS });
}

/** How often each row was begun, by the ledger, and with which attempt numbers. */
function startsOf(world: World): { readonly counts: number[]; readonly attempts: Set<number> } {
  const starts = world.ledger().filter(({ event }) => event === 'start');
  const counts = Array.from({ length: ROWS }, (_, at) => starts.filter(({ name }) => name === `row ${at + 1}`).length);
  return { counts, attempts: new Set(starts.map(({ attempt }) => attempt)) };
}

const settledBatch = (world: World) => world.producer().batches.wait({ name: 'x' });
const allCompleted = { added: ROWS, completed: ROWS, failed: 0, cancelled: 0, missing: 0 };

describe('a worker that drains in the middle of a shared job', () => {
  test('finishes the row in hand and hands back the others; the next worker runs each of these once', async ({
    world,
  }) => {
    const path = `${world.folder}/go`;
    await sendWith(world, { do: 'until-file', path });
    const worker = world.workerProcess(['--queue', 'scripted']);
    await world.started(3);
    worker.kill('SIGTERM');
    await worker.logged('worker was told to stop; draining');
    await world.file('go', '');
    expect((await worker.ended).code).toBe(0);
    expect(startsOf(world).counts).toEqual([1, 1, 1, 0, 0, 0, 0, 0]);
    expect(await worker.logged('worker stopped')).toMatchObject({ cutOff: 0, sinceStart: { completed: 3 } });
    expect(await world.producer().batches.show({ name: 'x' })).toMatchObject({ completed: 3, waiting: 5, active: 0 });
    world.workerProcess(['--queue', 'scripted']);
    expect(await settledBatch(world)).toMatchObject(allCompleted);
    expect(startsOf(world)).toEqual({ counts: [1, 1, 1, 1, 1, 1, 1, 1], attempts: new Set([1]) });
  });

  test('hands back a row that takes too long, no attempt spent; only that row starts again', async ({ world }) => {
    await sendWith(world, { do: 'until-file', path: `${world.folder}/go` });
    const worker = world.workerProcess(['--queue', 'scripted', '--drain-timeout', '0', '--abort-grace', '20s']);
    await world.started(3);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(75);
    expect(await worker.logged('worker stopped')).toMatchObject({ handedBack: 1, cutOff: 0 });
    await world.file('go', '');
    world.workerProcess(['--queue', 'scripted']);
    expect(await settledBatch(world)).toMatchObject(allCompleted);
    expect(startsOf(world)).toEqual({ counts: [1, 1, 2, 1, 1, 1, 1, 1], attempts: new Set([1]) });
  });
});

describe('a worker that is killed in the middle of a shared job', () => {
  test('repeats at most the row in hand, still as its first attempt', async ({ world }) => {
    await sendWith(world, { do: 'until-file', path: `${world.folder}/go` });
    const killed = world.workerProcess(SHORT_LEASE);
    await world.started(3);
    killed.kill('SIGKILL');
    await killed.ended;
    await world.file('go', '');
    world.workerProcess(SHORT_LEASE);
    expect(await settledBatch(world)).toMatchObject(allCompleted);
    expect(startsOf(world)).toEqual({ counts: [1, 1, 2, 1, 1, 1, 1, 1], attempts: new Set([1]) });
  });

  test('while Redis does not answer repeats only the row in hand, as no other was begun', async ({ world }) => {
    const { server } = await OwnRedis.start(world);
    const producer = world.producer({ redis: server.url });
    const path = `${world.folder}/go`;
    const values = Array.from({ length: 100 }, (_, at) => ({
      name: `row ${at + 1}`,
      ends: [at === 2 ? ({ do: 'until-file', path } as const) : ({ do: 'return' } as const)],
    }));
    await producer.batches.run(scripted, { name: 'x', source: sourceOf(values), rowsPerJob: 100 });
    const flags = ['--redis', server.url, ...SHORT_LEASE];
    const killed = world.workerProcess(flags);
    await world.started(3);
    server.send('SIGSTOP');
    await world.file('go', '');
    // Until then it could have gone through all rows that are left.
    await killed.logged('lease ran out; aborting the attempt');
    killed.kill('SIGKILL');
    await killed.ended;
    server.send('SIGCONT');
    world.workerProcess(flags);
    const settled = await producer.batches.wait({ name: 'x' });
    expect(settled).toMatchObject({ added: 100, completed: 100, missing: 0 });
    const starts = world.ledger().filter(({ event }) => event === 'start');
    const again = new Set(starts.map(({ name }) => name).filter((name, at, all) => all.indexOf(name) !== at));
    expect([...again].filter((name) => name !== 'row 3')).toEqual([]);
  });

  test('by one of its rows: that row ends as crashed, the others complete and run once', async ({ world }) => {
    await sendWith(world, { do: 'kill-process' });
    // One job at a time: the row at fault would also kill the rows that run beside it.
    const worker = world.supervised([...SHORT_LEASE, '--concurrency', '1']);
    expect(await settledBatch(world)).toMatchObject({ added: ROWS, completed: ROWS - 1, failed: 1, missing: 0 });
    expect(worker.deaths).toBe(3);
    expect(startsOf(world)).toEqual({ counts: [1, 1, 3, 1, 1, 1, 1, 1], attempts: new Set([1]) });
    const producer = world.producer();
    const failures = [];
    for await (const failure of producer.batches.failures({ name: 'x' })) failures.push(failure);
    expect(failures).toMatchObject([{ row: 3, outcome: 'crashed', attempts: 0, error: { name: 'JobCrashed' } }]);
    await until('no job to be left', async () => (await world.queue('scripted').getJobCountByTypes()) === 0);
  }, 120_000);
});
