import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BatchOptions, type BatchView, openSource } from '@bullpen/producer';
import { defineJob } from '@bullpen/shared';
import { type HandlerFunction, handle, JobRejected, serveHealth } from '@bullpen/worker';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { precious, row } from '../fixtures/jobs.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

const csv = (count: number, fail: (id: number) => string = () => ''): string =>
  `id,email,fail\n${Array.from({ length: count }, (_, at) => `${at + 1},user${at + 1}@example.com,${fail(at + 1)}\n`).join('')}`;

/** Runs a command of the producer, and reads its JSON line. */
async function run(world: World, ...args: string[]) {
  const ended = await world.producerProcess([...args, '--json']).ended;
  const lines = ended.stdout.trim().split('\n').filter(Boolean);
  return { ...ended, result: lines.length === 1 ? (JSON.parse(lines[0] as string) as Record<string, unknown>) : {} };
}

const batch = (world: World, file: string, name: string, ...more: string[]) =>
  run(world, 'batch', 'test.row', file, '--name', name, ...more);

/** Enqueues a file as `batch` does, in this process: to start the command takes far longer. */
async function send(world: World, file: string, name: string, options: Partial<BatchOptions> = {}) {
  const source = await openSource(file, undefined, process.stdin);
  return world.producer().batches.run(row, { name, source, ...options });
}

function expectToAddUp(view: BatchView): void {
  const { read, added, duplicate, rejected, waiting, active, delayed, completed, failed, cancelled } = view;
  expect(added + duplicate + rejected).toBe(read);
  expect(waiting + active + delayed + completed + failed + cancelled).toBe(added);
  expect(Math.min(waiting, active, delayed, completed, failed, cancelled)).toBeGreaterThanOrEqual(0);
}

const cancel = (world: World, name: string) => run(world, 'batches', 'cancel', name);

const keysOf = async (world: World, part: string): Promise<string[]> =>
  (await world.keys()).filter((key) => key.includes(part));

/** Rows that wait an hour for their second attempt. */
const parcel = defineJob({
  ...{ name: 'test.parcel', queue: 'parcels', payload: z.object({ id: z.number() }), maxAttempts: 2, timeout: '1m' },
  backoff: { type: 'fixed', delay: '1h', jitter: 0 },
});

const parcels = (count: number) => sourceOf(count, (id) => ({ id }));
const rowsOf = (count: number) => sourceOf(count, (id) => ({ id, email: 'a@example.com' }));
const scripts = (count: number) => sourceOf(count, () => ({}));

function sourceOf(count: number, make: (id: number) => object) {
  const blocks = (async function* () {
    for (let id = 1; id <= count; id += 1) {
      yield [{ row: id, line: undefined, text: String(id), ok: true as const, value: make(id) }];
    }
  })();
  return { name: 'made', format: 'ndjson' as const, blocks };
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('batches and batches show', () => {
  test('list the batches, the newest first', async ({ world }) => {
    expect((await world.producerProcess(['batches']).ended).stderr).toContain('no batches under the prefix');
    await send(world, await world.file('a.csv', csv(3)), 'first');
    await send(world, await world.file('b.csv', `${csv(2)}x,y,\n`), 'second');
    const list = JSON.parse((await world.producerProcess(['batches', '--json']).ended).stdout) as object[];
    expect(list).toMatchObject([
      { name: 'second', queue: 'rows', job: 'test.row', stage: 'running', read: 3, added: 2, rejected: 1 },
      { name: 'first', added: 3 },
    ]);
    const lines = (await world.producerProcess(['batches', '--queue', 'rows']).ended).stdout.trim().split('\n');
    expect(lines.map((line) => line.split('\t').slice(0, 4))).toEqual([
      ['name', 'queue', 'stage', 'read'],
      ['second', 'rows', 'running', '3'],
      ['first', 'rows', 'running', '3'],
    ]);
    const { code, stdout } = await world.producerProcess(['batches', 'show', 'second']).ended;
    expect(code).toBe(0);
    expect(stdout).toContain('rejected\t1\nwaiting\t2\n');
  });

  test('counts add up at every moment, while workers run and rows leave their shared jobs', async ({ world }) => {
    const producer = world.producer();
    const job = defineJob({
      ...{ name: 'test.busy', queue: 'busy', payload: z.object({ id: z.number() }), maxAttempts: 2 },
      backoff: { type: 'fixed', delay: 30, jitter: 0 },
    });
    await producer.batches.run(job, { name: 'busy', source: parcels(3_000), rowsPerJob: 7 });
    const run: HandlerFunction<typeof job> = async ({ id }, { attempt }) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (id % 10 === 0 && (attempt === 1 || id % 20 === 0)) throw new Error(`no luck with ${id}`);
    };
    for (const concurrency of [5, 20]) world.worker({ handlers: [handle(job, run)], concurrency });
    const seen = { active: 0, delayed: 0 };
    const last = await until('the batch to be settled', async () => {
      const view = await producer.batches.show({ name: 'busy' });
      expectToAddUp(view);
      seen.active = Math.max(seen.active, view.active);
      seen.delayed = Math.max(seen.delayed, view.delayed);
      return view.stage === 'settled' && view;
    });
    expect(last).toMatchObject({ completed: 2_850, failed: 150, waiting: 0, active: 0, delayed: 0, missing: 0 });
    expect(last.reasons).toEqual([
      {
        ...{ reason: 'Error: no luck with …', count: 150 },
        example: { row: expect.any(Number), error: expect.stringMatching(/^Error: no luck with \d+$/) },
      },
    ]);
    expect(seen.active).toBeGreaterThan(0);
    expect(seen.delayed).toBeGreaterThan(0);
  });

  test('says why rows failed with their statuses, each with a whole example, and counts the rows in their queue', async ({
    world,
  }) => {
    const producer = world.producer();
    const job = defineJob({ name: 'test.post', queue: 'posts', payload: z.object({ id: z.number() }), maxAttempts: 1 });
    const statuses = [404, 500, 429];
    let isMended = false;
    const post = handle(job, ({ id }) => {
      if (isMended) return;
      throw new Error(`POST /orders/${id}: Request failed with status code ${statuses[id % 3]}, "${id}"`);
    });
    await producer.batches.run(job, { name: 'single', source: parcels(6) });
    await producer.batches.run(job, { name: 'shared', source: parcels(6), rowsPerJob: 3 });
    world.worker({ handlers: [post] });
    const settled = (name: string, completed: number) =>
      until(`${name} to be settled`, async () => {
        const view = await producer.batches.show({ name });
        return view.stage === 'settled' && view.completed === completed && view;
      });
    for (const name of ['single', 'shared']) {
      const { reasons } = await settled(name, 0);
      const said = (status: number, id: string) =>
        `Error: POST /orders/${id}: Request failed with status code ${status}`;
      expect(reasons.map(({ reason, count }) => [reason, count]).sort()).toEqual(
        [404, 429, 500].map((status) => [`${said(status, '…')}, …`, 2]),
      );
      for (const { reason, example: { row: first = 0, error = '' } = {} } of reasons) {
        const status = statuses[first % 3] as number;
        expect([reason, error]).toEqual([`${said(status, '…')}, …`, `${said(status, String(first))}, "${first}"`]);
      }
      const { stdout } = await world.producerProcess(['batches', 'show', name]).ended;
      expect(stdout).toMatch(/\nfailed: 2\tError: POST .*\nas row \d\tError: POST \/orders\/\d: .*, "\d"\n/);
    }
    const count = async () => (await producer.queues())[0];
    expect(await count()).toMatchObject({ failed: 0, failedRows: 12 });
    isMended = true;
    await producer.batches.retry(job, { name: 'single' });
    expect((await settled('single', 6)).reasons).toEqual([]);
    // What went up stays up, and no example stays behind its reason.
    expect(await count()).toMatchObject({ failedRows: 12 });
    expect(await keysOf(world, ':examples')).toEqual([`${world.prefix}:posts:batch:shared:examples`]);
  });

  test('the rows of a batch that failed are counted for Prometheus', async ({ world }) => {
    const producer = world.producer();
    const never = handle(parcel, () => {
      throw new JobRejected('no');
    });
    await producer.batches.run(parcel, { name: 'a', source: parcels(3) });
    const worker = world.worker({ handlers: [never] });
    const { port, close } = await serveHealth(worker, { port: 0, host: '127.0.0.1' });
    world.onClose(close);
    await until('three rows counted', async () => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return text.includes('bullpen_queue_failed_rows_total{queue="parcels"} 3\n');
    });
  });

  test('rows whose jobs were removed by hand are missing', async ({ world }) => {
    await send(world, await world.file('a.csv', csv(5)), 'gone');
    await world.queue('rows').drain();
    expect((await run(world, 'batches', 'show', 'gone')).result).toMatchObject({ waiting: 5, missing: 5 });
    expect((await run(world, 'batches', 'watch', 'gone')).code).toBe(1);
  });
});

describe('batches watch', () => {
  test('follows a batch to its end: exit 0 when all rows completed, 1 when rows failed', async ({ world }) => {
    await send(world, await world.file('good.csv', csv(300)), 'good');
    await send(
      world,
      await world.file(
        'bad.csv',
        csv(300, (id) => (id === 7 ? 'broken' : '')),
      ),
      'bad',
    );
    const watching = ['good', 'bad'].map((name) => world.producerProcess(['batches', 'watch', name, '--json']));
    for (const watch of watching) await watch.printed('"waiting":300');
    world.workerProcess(['--queue', 'rows']);
    const [good, bad] = await Promise.all(watching.map((watch) => watch.ended));
    expect([good?.code, bad?.code]).toEqual([0, 1]);
    const last = JSON.parse(bad?.stdout.trim().split('\n').at(-1) as string) as object;
    expect(last).toMatchObject({
      completed: 299,
      failed: 1,
      reasons: [{ reason: 'Error: broken', count: 1, example: { row: 7, error: 'Error: broken' } }],
    });
    const again = await world.producerProcess(['batches', 'watch', 'bad']).ended;
    expect(again.stdout).toMatch(/^batch bad: 300 of 300 settled .* completed 299 {2}failed 1 {2}cancelled 0\n$/);
  });

  test('exits 75 when it is interrupted', async ({ world }) => {
    await send(world, await world.file('a.csv', csv(3)), 'waits');
    const watch = world.producerProcess(['batches', 'watch', 'waits']);
    await watch.printed('0 of 3 settled');
    watch.kill('SIGINT');
    expect((await watch.ended).code).toBe(75);
  });
});

describe('batches cancel', () => {
  test('cancels waiting, delayed and running rows in shared jobs, and frees their keys', async ({ world }) => {
    const producer = world.producer();
    await producer.batches.run(parcel, { name: 'c', source: parcels(200), rowsPerJob: 10, keyField: 'id' });
    await producer.batches.run(parcel, { name: 'other', source: parcels(10) });
    const runs: number[] = [];
    const run: HandlerFunction<typeof parcel> = async ({ id }, { signal }) => {
      runs.push(id);
      if (id % 10 === 1) throw new Error('later');
      if (id === 15) await aborted(signal);
    };
    world.worker({ handlers: [handle(parcel, run)], concurrency: 1 });
    await until('row 15 to run', () => runs.includes(15));
    expect(await producer.batches.show({ name: 'c' })).toMatchObject({
      active: 6,
      delayed: 2,
      completed: 12,
      waiting: 180,
    });
    const { code, result } = await cancel(world, 'c');
    expect({ code, ...result }).toMatchObject({ code: 0, found: 'open' });
    // Rows in the worker's hand do not count, however fast it drops them.
    expect(result['cancelledNow']).toBeLessThanOrEqual(182);
    const view = await until('the running rows to stop', async () => {
      const now = await producer.batches.show({ name: 'c' });
      expectToAddUp(now);
      return now.active === 0 && now;
    });
    expect(view).toMatchObject({
      stage: 'cancelled',
      completed: 12,
      failed: 0,
      cancelled: 188,
      waiting: 0,
      delayed: 0,
    });
    expect(runs.filter((id) => id > 15)).toEqual([]);
    await until('its jobs to be gone', async () => (await keysOf(world, ':b-c-')).length === 0);
    expect(await keysOf(world, ':parcels:key:')).toHaveLength(12);
    const again = await cancel(world, 'c');
    expect({ code: again.code, ...again.result }).toMatchObject({ code: 0, found: 'cancelled', cancelledNow: 0 });
    // The rows behind the cancelled batch went on.
    await until('the other batch', async () => (await producer.batches.show({ name: 'other' })).completed === 9);
    const fresh = await producer.batches.run(parcel, { name: 'd', source: parcels(200), keyField: 'id' });
    expect(fresh).toMatchObject({ added: 188, duplicate: 12 });
  });

  test('cancels rows between those of other batches, with priorities and delays', async ({ world }) => {
    const producer = world.producer();
    for (const name of ['before', 'x', 'after']) {
      await producer.batches.run(row, { name, source: rowsOf(1_234) });
    }
    await producer.batches.run(precious, { name: 'p', source: scripts(700), priority: 5 });
    await producer.batches.run(precious, { name: 'q', source: scripts(20), priority: 5 });
    await producer.batches.run(precious, { name: 'p-1', source: scripts(700), priority: 5, delay: '1h' });
    const progress: number[] = [];
    const { cancelledNow } = await producer.batches.cancel({ name: 'x', onProgress: (rows) => progress.push(rows) });
    expect([cancelledNow, progress.at(-1)]).toEqual([1_234, 1_234]);
    const ids = await world.redis.lrange(`${world.prefix}:rows:wait`, 0, -1);
    expect(ids).toHaveLength(2_468);
    expect(ids.at(-1)).toBe('b-before-1');
    expect(ids[0]).toBe('b-after-1234');
    expect(await producer.batches.cancel({ name: 'p' })).toMatchObject({ cancelledNow: 700, waiting: 0 });
    expect(await world.queue('precious').getDelayedCount()).toBe(700);
    expect(await producer.batches.cancel({ name: 'p-1' })).toMatchObject({ cancelledNow: 700, delayed: 0 });
    expect(await world.queue('precious').getPrioritizedCount()).toBe(20);
    expect(await world.redis.zcard(`${world.prefix}:precious:delayed`)).toBe(0);
  });

  test('stops a batch whose source is being read; leaves a settled batch as it is, and says so', async ({ world }) => {
    const reading = world.producerProcess(
      ['batch', 'test.row', '-', '--format', 'csv', '--name', 'r', '--json'],
      'keep open',
    );
    reading.write(csv(2_100));
    await until('rows to be added', async () => (await world.queue('rows').getWaitingCount()) >= 1_000);
    expect((await cancel(world, 'r')).result).toMatchObject({ found: 'open', waiting: 0, completed: 0 });
    // One more chunk: the producer learns of the cancellation when it sends it, and then waits for
    // nothing.
    reading.write(csv(1_000));
    const { code, stderr } = await reading.ended;
    expect(code).toBe(64);
    expect(stderr).toContain("batch 'r' was cancelled");
    expect(await world.queue('rows').getWaitingCount()).toBe(0);

    await send(world, await world.file('none.csv', csv(0)), 'none');
    expect((await cancel(world, 'none')).result).toMatchObject({ found: 'settled' });
    expect((await world.producerProcess(['batches', 'cancel', 'none']).ended).stdout).toContain('settled already');
    expect((await run(world, 'batches', 'show', 'none')).result).toMatchObject({ stage: 'settled' });
  });
});

describe('batches retry', () => {
  test('enqueues failed rows again, except those whose key another row has taken', async ({ world }) => {
    const file = await world.file(
      'a.csv',
      csv(50, (id) => (id > 40 ? 'broken' : '')),
    );
    await send(world, file, 'a', { keyField: 'id' });
    let mended = false;
    const mend: HandlerFunction<typeof row> = async ({ fail }) => {
      if (fail !== undefined && !mended) throw new Error(fail);
    };
    world.worker({ handlers: [handle(row, mend)] });
    const producer = world.producer();
    await until('ten rows to fail', async () => (await producer.batches.show({ name: 'a' })).failed === 10);
    mended = true;
    const others = await world.file('b.csv', `${csv(1)}41,new@example.com,\n42,new@example.com,\n`);
    expect(await send(world, others, 'b', { keyField: 'id' })).toMatchObject({ added: 2, duplicate: 1 });
    const first = await run(world, 'batches', 'retry', 'a');
    expect({ code: first.code, ...first.result }).toMatchObject({ code: 0, retried: 8, keyTaken: 2 });
    await until('them to be completed', async () => (await producer.batches.show({ name: 'a' })).completed === 48);
    expect(await producer.batches.show({ name: 'a' })).toMatchObject({ failed: 2, reasons: [{ count: 2 }] });
    expect((await run(world, 'batches', 'retry', 'a')).result).toMatchObject({ retried: 0, keyTaken: 2 });
    await producer.batches.cancel({ name: 'b' });
    expect((await run(world, 'batches', 'watch', 'a')).code).toBe(1);
  });

  test('a retried row is not also run by its shared job that is still running', async ({ world }) => {
    const producer = world.producer();
    await producer.batches.run(parcel, { name: 's', source: parcels(10), rowsPerJob: 10 });
    const runs: number[] = [];
    let refuses = true;
    const run: HandlerFunction<typeof parcel> = async ({ id }, { signal }) => {
      runs.push(id);
      if (id === 3 && refuses) throw new JobRejected('not like this');
      if (id === 5 && refuses) await aborted(signal);
    };
    // One job at a time: the retried row waits behind the job that it has left.
    const first = world.worker({ handlers: [handle(parcel, run)], concurrency: 1 });
    await until('row 5 to run', () => runs.includes(5));
    await until('row 3 to fail', async () => (await producer.batches.show({ name: 's' })).failed === 1);
    refuses = false;
    expect(await producer.batches.retry(parcel, { name: 's' })).toMatchObject({ retried: 1, keyTaken: 0, unusable: 0 });
    const view = await producer.batches.show({ name: 's' });
    expectToAddUp(view);
    expect(view.failed).toBe(0);
    // The worker hands the shared job back, and the next one reads anew which rows are open.
    await first.drain();
    world.worker({ handlers: [handle(parcel, run)] });
    await until('all rows', async () => (await producer.batches.show({ name: 's' })).completed === 10);
    expect(runs.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 3, 4, 5, 5, 6, 7, 8, 9, 10]);
    expect(await keysOf(world, ':b-s-')).toEqual([]);
  });

  test('refuses a cancelled batch and another job, and asks for --jobs', async ({ world }) => {
    await send(world, await world.file('a.csv', csv(2)), 'a');
    const producer = world.producer();
    await expect(producer.batches.retry(parcel, { name: 'a' })).rejects.toThrow(/are jobs 'test\.row' on queue 'rows'/);
    await producer.batches.cancel({ name: 'a' });
    expect(await run(world, 'batches', 'retry', 'a')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('was cancelled; its rows are not retried'),
    });
    const flags = ['batches', 'retry', 'a', '--redis', world.redisUrl, '--prefix', world.prefix];
    expect(await world.command('bullpen-producer', flags, {}).ended).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('cannot find the job: --jobs: name the module'),
    });
  });
});

describe('batches export', () => {
  test.for([
    { format: 'csv', text: csv(60, (id) => (id % 6 === 0 ? '"broken, ""really"",\n\rtwice"' : '')) },
    {
      format: 'ndjson',
      text: Array.from(
        { length: 60 },
        (_, at) =>
          `${JSON.stringify({ id: at + 1, email: '-x@example.com', ...(at % 6 === 5 ? { fail: '=1+1' } : {}) })}\n`,
      ).join(''),
    },
  ])('failed rows as $format: exported, mended, sent again, all completed', async ({ format, text }, { world }) => {
    await send(world, await world.file(`a.${format}`, text), 'a');
    const worker = world.workerProcess(['--queue', 'rows']);
    const producer = world.producer();
    await until('ten rows to fail', async () => (await producer.batches.show({ name: 'a' })).failed === 10);
    const output = join(world.folder, `failed.${format}`);
    const { code, result } = await run(world, 'batches', 'export', 'a', '--output', output);
    expect({ code, ...result }).toMatchObject({ code: 0, rows: 10, format, what: 'failed', output });
    expect((await readdir(world.folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const exported = await readFile(output, 'utf8');
    const printed = await world.producerProcess(['batches', 'export', 'a']).ended;
    expect(printed.stdout).toBe(exported);
    expect(exported).toContain(
      format === 'csv' ? 'id,email,fail,error,attempts\n' : '"fail":"=1+1","error":"Error: =1+1","attempts":1',
    );

    // Sent again unchanged, the same rows fail as before.
    expect(await send(world, output, 'b')).toMatchObject({ read: 10, added: 10, rejected: 0 });
    await until('them to fail again', async () => (await producer.batches.show({ name: 'b' })).failed === 10);
    const again: unknown[] = [];
    for await (const { payload } of producer.batches.failures({ name: 'b' })) again.push(payload);
    const before: unknown[] = [];
    for await (const { payload } of producer.batches.failures({ name: 'a' })) before.push(payload);
    expect(again).toMatchObject(before as object[]);

    const mended =
      format === 'csv'
        ? exported.replaceAll('"broken, ""really"",\n\rtwice"', '')
        : exported.replaceAll('"fail":"=1+1",', '');
    await writeFile(output, mended);
    await send(world, output, 'c');
    await until('all to be completed', async () => (await producer.batches.show({ name: 'c' })).completed === 10);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
  });

  test('exports columns with hostile names, nested values, and a source that has error columns of its own', async ({
    world,
  }) => {
    const rows = [
      '{"id":1,"email":"a@example.com","fail":"x","__proto__":{"deep":[1,"two"]},"error":"mine"}',
      '{"id":2,"email":"@b@example.com","fail":"y","constructor":"=cmd()","attempts":null,"ok":true}',
      '{"id":3,"email":"c@example.com"}',
    ];
    const file = await world.file('a.ndjson', rows.join('\n').replace('@b@', 'b@'));
    await send(world, file, 'a');
    world.workerProcess(['--queue', 'rows']);
    const producer = world.producer();
    await until('them to settle', async () => (await producer.batches.show({ name: 'a' })).stage === 'settled');
    const exported = await world.producerProcess(['batches', 'export', 'a', '--format', 'csv']).ended;
    expect(exported.stdout.split('\n')).toEqual([
      'id,email,fail,__proto__,error,constructor,attempts,ok,bullpen_error,bullpen_attempts',
      '1,a@example.com,x,"{""deep"":[1,""two""]}",mine,,,,Error: x,1',
      '2,b@example.com,y,,,=cmd(),,true,Error: y,1',
      '',
    ]);
  });

  test('exports results, and says which were too long to keep', async ({ world }) => {
    await batch(world, await world.file('a.csv', csv(3)), 'kept', '--results');
    await send(world, await world.file('b.csv', csv(1)), 'not-kept');
    const mend: HandlerFunction<typeof row> = async ({ id }) =>
      id === 1 ? 'plain' : id === 2 ? { nested: [id] } : 'x'.repeat(20_000);
    world.worker({ handlers: [handle(row, mend)] });
    const producer = world.producer();
    await until('them to settle', async () => (await producer.batches.show({ name: 'kept' })).completed === 3);
    const { stdout } = await world.producerProcess(['batches', 'export', 'kept', '--results']).ended;
    expect(stdout).toBe('row,result,note\n1,plain,\n2,"{""nested"":[2]}",\n3,,not kept: 20002 characters as JSON\n');
    const lines = await world.producerProcess(['batches', 'export', 'kept', '--results', '--json']).ended;
    expect(lines.stdout.split('\n').slice(0, 2)).toEqual([
      '{"row":1,"result":"plain"}',
      '{"row":2,"result":{"nested":[2]}}',
    ]);
    expect(await run(world, 'batches', 'export', 'not-kept', '--results')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('keeps no results'),
    });
  });

  test('never writes half a file: the old file stays when the export fails', async ({ world }) => {
    await send(world, await world.file('a.csv', csv(1)), 'a');
    const output = await world.file('out.csv', 'precious');
    const { proxy, url } = await world.proxy();
    proxy.mode = 'black-hole';
    const args = ['batches', 'export', 'a', '--output', output, '--redis', url, '--redis-timeout', '500'];
    expect((await world.producerProcess(args).ended).code).toBe(69);
    expect(await readFile(output, 'utf8')).toBe('precious');
    for (const [wrong, says] of [
      [world.folder, /is a folder/],
      [join(world.folder, 'no', 'such.csv'), /--output: cannot write/],
    ] as const) {
      const { code, stderr } = await world.producerProcess(['batches', 'export', 'a', '--output', wrong]).ended;
      expect(stderr).toMatch(says);
      expect(code).toBe(64);
    }
  });
});

describe('which batch', () => {
  test('unknown and hostile names: exit 64, and a suggestion', async ({ world }) => {
    await send(world, await world.file('a.csv', csv(1)), 'orders-2026');
    const cases: [name: string, says: RegExp, ...more: string[]][] = [
      ['order-2026', /there is no batch 'order-2026'.* Did you mean 'orders-2026'\?/],
      ['orders-2026', /no batch 'orders-2026' on queue 'nope'.* Queue 'rows' has one\./, '--queue', 'nope'],
      ['*', /there is no batch '\*'/],
      ['orders-2026:fates', /there is no batch/],
      ['__proto__', /there is no batch/],
      ['..', /there is no batch/],
    ];
    for (const command of ['show', 'watch', 'cancel', 'retry', 'export']) {
      for (const [name, says, ...more] of command === 'show' ? cases : cases.slice(0, 1)) {
        const { code, stderr, stdout } = await world.producerProcess(['batches', command, name, ...more]).ended;
        expect(stderr, `${command} ${name}`).toMatch(says);
        expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
      }
    }
    const { code, stderr } = await world.producerProcess(['batches', 'shwo']).ended;
    expect(code).toBe(64);
    expect(stderr).toContain("no such command 'shwo'. Did you mean 'show'?");
    const away = await world.producerProcess(['batches', '--redis', 'redis://127.0.0.1:1', '--redis-timeout', '300'])
      .ended;
    expect(away.code).toBe(69);
  });

  test('two queues with a batch of the same name: the command asks for --queue; similar names are not mixed up', async ({
    world,
  }) => {
    const producer = world.producer();
    for (const name of ['x', '1', '1-2', '1_2', 'batches', 'fates']) {
      await producer.batches.run(row, { name, source: rowsOf(12) });
    }
    await producer.batches.run(precious, { name: 'x', source: scripts(2) });
    const asked = await run(world, 'batches', 'show', 'x');
    expect(asked).toMatchObject({ code: 64, stderr: expect.stringMatching(/queues 'precious', 'rows' each have/) });
    expect((await run(world, 'batches', 'show', 'x', '--queue', 'rows')).result).toMatchObject({ added: 12 });
    expect(await producer.batches.list()).toHaveLength(7);
    await producer.batches.cancel({ name: 'x', queue: 'precious' });
    for (const name of ['1', 'batches']) await producer.batches.cancel({ name });
    const left = await world.redis.lrange(`${world.prefix}:rows:wait`, 0, -1);
    const batches = new Set(left.map((id) => id.slice(0, id.lastIndexOf('-'))));
    expect([...batches].sort()).toEqual(['b-1-2', 'b-1_2', 'b-fates', 'b-x']);
    expect(left).toHaveLength(48);
  });

  test('a batch is listed for as long as its rows are worked off, however long that takes', async ({ world }) => {
    const producer = world.producer();
    await producer.batches.run(parcel, { name: 'slow', source: parcels(15), keep: '1s' });
    world.worker({ handlers: [handle(parcel, () => sleep(100))], concurrency: 1 });
    await until('the batch to be settled', async () => {
      const [listed] = await producer.batches.list();
      expect(listed).toMatchObject({ name: 'slow' });
      return listed?.completed === 15;
    });
  });

  test('a shared job that runs longer than its books are kept loses no row, and leaves no key', async ({ world }) => {
    const producer = world.producer();
    await producer.batches.run(parcel, {
      name: 'long',
      source: parcels(15),
      keep: '1s',
      rowsPerJob: 15,
      results: true,
    });
    const run: HandlerFunction<typeof parcel> = async ({ id }) => {
      await sleep(100);
      if (id === 2) throw new JobRejected('not this one');
      return { id };
    };
    world.worker({ handlers: [handle(parcel, run)] });
    await until(
      'the batch to be settled',
      async () => (await producer.batches.show({ name: 'long' })).stage === 'settled',
    );
    expect(await producer.batches.show({ name: 'long' })).toMatchObject({ completed: 14, failed: 1 });
    await until('it to be forgotten', async () => (await keysOf(world, 'batch')).length === 0);
  });

  test('a batch is forgotten when its time is up, and no key of it is left', async ({ world }) => {
    const file = await world.file(
      'a.csv',
      csv(40, (id) => (id % 5 === 0 ? 'broken' : '')),
    );
    const brief = ['--keep', '1s', '--keep-keys', '1s', '--key-field', 'id'];
    const producer = world.producer();
    world.workerProcess(['--queue', 'rows']);
    await batch(world, file, 'done', ...brief, '--results', '--rows-per-job', '3', '--wait');
    await send(world, file, 'singles', { keep: '1s', keepKeys: '1s', keyField: 'id' });
    await producer.batches.run(parcel, {
      name: 'stopped',
      source: parcels(30),
      keep: '1s',
      keepKeys: '1s',
      keyField: 'id',
    });
    await producer.batches.cancel({ name: 'stopped' }).catch(() => undefined);
    await until('the batches to be forgotten', async () => {
      if ((await producer.batches.list()).length > 0) return false;
      const left = (await world.keys()).filter((key) => /batch|:key:|:b-/.test(key));
      return left.length === 0;
    });
  });
});
