import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { pathToFileURL } from 'node:url';
import { serveHealth } from '@bullpen/worker';
import { describe, expect } from 'vitest';
import { handleBulk, scriptedHandlers } from '../fixtures/handlers.js';
import { bulk, type Ending, fleeting, hasty, precious, scripted } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import type { RunningCommand } from '../support/command.js';
import { ask, scrape } from '../support/health-port.js';
import { until } from '../support/until.js';
import { HANDLERS, test, type World } from '../support/world.js';

const HEALTH = ['--health-port', '0', '--health-host', '127.0.0.1'];

const scriptedEnds = (...ends: Ending[]): { ends: Ending[] } => ({ ends });

const portOf = async (worker: RunningCommand): Promise<number> =>
  (await worker.logged('health port is open'))['port'] as number;

/** A connection that sends this text and then stays open. */
async function keep(world: World, port: number, text: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  world.onClose(async () => void socket.destroy());
  await once(socket, 'connect');
  socket.write(text);
}

describe('the health port of a worker', () => {
  test('is open before the handlers are loaded and until the end, through an outage and a drain, and delays no exit', async ({
    world,
  }) => {
    const loaded = `${world.folder}/loaded`;
    const slow = await world.file(
      'slow.mjs',
      `import { existsSync } from 'node:fs'; import { setTimeout } from 'node:timers/promises';
       while (!existsSync(${JSON.stringify(loaded)})) await setTimeout(10);
       const { handlePrecious } = await import(${JSON.stringify(pathToFileURL(HANDLERS).href)}); export { handlePrecious };`,
    );
    const { proxy, url } = await world.proxy();
    const times = ['--drain-timeout', '30s', '--abort-grace', '200ms'];
    const worker = world.workerProcess(['--handlers', slow, '--redis', url, ...times, ...HEALTH]);
    const port = await portOf(worker);
    const [live, ready] = [() => ask(port, '/livez'), () => ask(port, '/readyz')];
    const well = { status: 200, text: 'ok\n' };
    expect(await live()).toEqual(well);
    expect(await ready()).toEqual({ status: 503, text: 'the worker is starting\n' });
    const early = await scrape(port);
    expect(early.get('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect([...early.keys()].filter((name) => name.startsWith('bullpen_'))).toEqual([]);

    await world.file('loaded', '');
    await worker.logged('worker ready');
    expect(await ready()).toEqual(well);
    expect((await scrape(port)).get('bullpen_queue_jobs{queue="precious",state="waiting"}')).toBe(0);

    proxy.mode = 'black-hole';
    proxy.cut();
    await worker.logged('redis connection was lost; retrying');
    expect(await ready()).toEqual({ status: 503, text: 'redis is unavailable\n' });
    expect(await live()).toEqual(well);
    const away = await scrape(port);
    expect([away.get('bullpen_redis_up'), away.get('bullpen_outages_total')]).toEqual([0, 1]);
    expect([...away.keys()].filter((name) => name.startsWith('bullpen_queue_jobs'))).toEqual([]);
    proxy.heal();
    proxy.cut();
    await worker.logged('redis is available');
    expect(await ready()).toEqual(well);

    await world.producer().enqueue(precious, scriptedEnds({ do: 'hang', heed: true }));
    await world.started(1);
    // Two clients that would keep their connections for ever: a scraper, and a client that never
    // ends its request.
    await keep(world, port, 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    worker.kill('SIGTERM');
    await worker.logged('worker was told to stop; draining');
    expect(await ready()).toEqual({ status: 503, text: 'the worker is draining\n' });
    expect(await live()).toEqual(well);
    const draining = await scrape(port);
    expect([draining.get('bullpen_worker_draining'), draining.get('bullpen_worker_ready')]).toEqual([1, 0]);
    expect(draining.get('bullpen_attempts_active{queue="precious"}')).toBe(1);
    expect(draining.get('bullpen_queue_exporter{queue="precious"}')).toBe(0);
    await keep(world, port, 'GET /metrics HTTP/1.1\r\nX-Slow: ');

    // A second signal leaves one second for everything: a worker that waited for a client would be
    // ended by the watchdog with 70.
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 75 });
    expect(await worker.logged('worker stopped')).toMatchObject({ active: 1, handedBack: 1, cutOff: 0 });
  });

  test('is not asked for: the worker loads no Prometheus client', async ({ world }) => {
    const module = await world.file(
      'loaded.mjs',
      `import { createRequire } from 'node:module'; export * from ${JSON.stringify(pathToFileURL(HANDLERS).href)};
       const found = new Set(Object.keys(createRequire(import.meta.url).cache).flatMap((path) => path.match(/prom-client/) ?? []));
       console.log('loaded: ' + [...found].sort().join());`,
    );
    const [without, having] = [[], HEALTH].map((args) => world.workerProcess(['--handlers', module, ...args]));
    expect(await without?.printed('loaded: \n')).toBe(true);
    expect(await having?.printed('loaded: prom-client\n')).toBe(true);
  });

  test('is in use: the worker says so and exits 64 before it attempts anything', async ({ world }) => {
    await world.producer().enqueue(scripted, {});
    const other = createServer().listen(0, '127.0.0.1');
    world.onClose(async () => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const worker = world.workerProcess([...HEALTH, '--health-port', String(port)]);
    expect(await worker.ended).toMatchObject({
      code: 64,
      stderr: `bullpen-worker: cannot open the health port: --health-port: port ${port} of 127.0.0.1 is in use by another process; choose another\nSee bullpen-worker --help\n`,
    });
    expect(world.ledger()).toEqual([]);
  });
});

describe('metrics', () => {
  test('add up to what was enqueued, whatever the outcomes were', async ({ world }) => {
    const producer = world.producer();
    const enqueue = (...ends: Ending[]) => producer.enqueue(scripted, scriptedEnds(...ends));
    await producer.enqueue(fleeting, {});
    for (let at = 0; at < 3; at += 1) await enqueue({ do: 'return' });
    await enqueue({ do: 'throw', what: 'error' });
    await enqueue({ do: 'reject' });
    await enqueue({ do: 'snooze', ms: 300 }, { do: 'return' });
    await producer.enqueue(hasty, { ends: [{ do: 'hang', heed: true }] });
    await producer.cancel(scripted, (await enqueue({ do: 'return' })).id);
    const hanging = await enqueue({ do: 'hang', heed: true });
    await world.queue('scripted').add('nobody.knows', {});
    await producer.enqueue(scripted, {}, { delay: 500 });
    const rows = Array.from({ length: 12 }, (_, id) => ({ id }));
    await producer.batches.run(bulk, { name: 'x', source: sourceOf(rows) });
    // The row that snoozes continues in a job of its own.
    const snoozing = [scriptedEnds({ do: 'snooze', ms: 300 }, { do: 'return' }), {}];
    await producer.batches.run(scripted, { name: 'y', source: sourceOf(snoozing), rowsPerJob: 2 });
    await until('the fleeting job to be too old', async () => {
      const [job] = await world.queue('scripted').getJobs(['wait'], 0, 0, true);
      return job !== undefined && Date.now() - job.timestamp > 50;
    });

    const worker = world.worker({ handlers: [...scriptedHandlers, handleBulk], drainTimeout: 0, abortGrace: 5_000 });
    const { port, close } = await serveHealth(worker, { port: 0, host: '127.0.0.1' });
    world.onClose(close);
    await until('it to run', () => worker.process.activeJobIds().includes(hanging.id));
    expect(await producer.cancel(scripted, hanging.id)).toBe('requested');
    await worker.process.untilEmpty();
    await enqueue({ do: 'hang', heed: true });
    await until('the last attempt to begin', () => worker.active === 1);
    const depth = await scrape(port);
    const states = ['waiting', 'active', 'completed', 'failed'];
    expect(states.map((state) => depth.get(`bullpen_queue_jobs{queue="scripted",state="${state}"}`))).toEqual([
      // Jobs that failed for good, or were rejected, expired, cancelled while they ran or without a
      // handler, count as failed.
      ...[0, 1, 5, 6],
    ]);
    expect(depth.get('bullpen_queue_cancelled_total{queue="scripted"}')).toBe(1);
    await worker.drain();

    const metrics = await scrape(port);
    const outcomesOf = (job: string): Record<string, number> => {
      const start = `bullpen_attempts_total{queue="scripted",job="${job}",outcome="`;
      const found = [...metrics].filter(([name, value]) => name.startsWith(start) && value > 0);
      return Object.fromEntries(found.map(([name, value]) => [name.slice(start.length, -2), value]));
    };
    expect(outcomesOf('test.scripted')).toEqual({
      ...{ completed: 7, failed: 3, rejected: 1, snoozed: 2, cancelled: 1, interrupted: 1 },
    });
    expect(outcomesOf('test.hasty')).toEqual({ failed: 1 });
    expect(outcomesOf('test.fleeting')).toEqual({ expired: 1 });
    expect(outcomesOf('unknown')).toEqual({ rejected: 1 });
    expect(metrics.get('bullpen_attempts_total{queue="bulk",job="test.bulk",outcome="completed"}')).toBe(12);
    expect(metrics.get('bullpen_jobs_handed_back_total{queue="scripted",job="test.scripted"}')).toBe(1);
    const count = (metric: string, labels: string) => metrics.get(`bullpen_${metric}_count{${labels}}`);
    const ofScripted = 'queue="scripted",job="test.scripted"';
    expect(count('attempt_duration_seconds', ofScripted)).toBe(15);
    // Each job counts once, however often it was attempted; each row counts as one.
    expect(count('queue_wait_seconds', ofScripted)).toBe(11);
    expect(count('queue_wait_seconds', 'queue="bulk",job="test.bulk"')).toBe(12);
    expect(count('attempt_duration_seconds', 'queue="scripted",job="test.hasty"')).toBe(1);
    expect(metrics.get('bullpen_attempt_duration_seconds_sum{queue="scripted",job="test.hasty"}')).toBeGreaterThan(
      0.19,
    );
  });

  test('say when all slots are stuck, and the worker is then not live', async ({ world }) => {
    await world.producer().enqueue(hasty, scriptedEnds({ do: 'hang', heed: false }));
    const worker = world.worker({ handlers: scriptedHandlers, concurrency: 1 });
    const { port, close } = await serveHealth(worker, { port: 0, host: '127.0.0.1' });
    world.onClose(close);
    await until('the worker to be stuck', () => !worker.health().live);
    const stuck = { status: 503, text: "all 1 slots of queue 'scripted' are stuck\n" };
    expect([await ask(port, '/livez'), await ask(port, '/readyz')]).toEqual([stuck, stuck]);
    const metrics = await scrape(port);
    expect(metrics.get('bullpen_attempts_stuck{queue="scripted"}')).toBe(1);
    expect(metrics.get('bullpen_worker_live')).toBe(0);
  });

  test("of a queue's depth come from one worker of several, and from another when that worker is killed", async ({
    world,
  }) => {
    const workers = [0, 1].map(() => world.workerProcess([...HEALTH, '--queue', 'scripted']));
    const ports = await Promise.all(workers.map(portOf));
    await Promise.all(workers.map((worker) => worker.logged('worker ready')));
    const waiting = 'bullpen_queue_jobs{queue="scripted",state="waiting"}';
    /** The ports that tell it. */
    const telling = async (from: readonly number[]): Promise<number[]> => {
      const told = await Promise.all(from.map(async (port) => ((await scrape(port)).has(waiting) ? [port] : [])));
      return told.flat();
    };
    const [first, ...more] = await telling(ports);
    expect(more).toEqual([]);
    expect(await telling(ports)).toEqual([first]);
    const key = `${world.prefix}:scripted:exporter`;
    const holder = await world.redis.get(key);

    const at = ports.indexOf(first as number);
    workers[at]?.kill('SIGKILL');
    const others = ports.filter((port) => port !== first);
    await until('the other to take over', async () => ![null, holder].includes(await world.redis.get(key)), 20_000);
    expect(await telling(others)).toEqual(others);
    // The worker releases the key at once; it does not leave it to expire.
    workers[1 - at]?.kill('SIGTERM');
    expect((await workers[1 - at]?.ended)?.code).toBe(0);
    expect(await world.redis.get(key)).toBeNull();
  });
});
