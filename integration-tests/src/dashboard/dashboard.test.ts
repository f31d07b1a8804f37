import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { handleRow, scriptedHandlers } from '../fixtures/handlers.js';
import { hasty, row, scripted } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { Dashboard, PASSWORD } from '../support/dashboard.js';
import { OwnRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

interface Queues {
  readonly queues: {
    readonly name: string;
    readonly counts: Readonly<Record<string, number>>;
    readonly jobs: { readonly id: string; readonly data: unknown; readonly failedReason?: string }[];
    readonly readOnlyMode: boolean;
  }[];
}

const showing = (dashboard: Dashboard, queue: string) =>
  until(`queue '${queue}' on the dashboard`, async () => {
    const { queues } = await dashboard.json<Queues>('api/queues?activeQueue=scripted');
    return queues.find(({ name }) => name === queue);
  });

/**
 * Everything under the prefix, byte by byte, except the mark that a worker leaves when it looks for
 * stalled jobs. That mark expires two seconds later.
 */
async function contents(world: World): Promise<Record<string, string>> {
  const keys = (await world.keys()).filter((key) => !key.endsWith(':stalled-check')).sort();
  const dumps = await Promise.all(keys.map((key) => world.redis.dumpBuffer(key)));
  return Object.fromEntries(keys.map((key, at) => [key, dumps[at]?.toString('hex') ?? '']));
}

/** Enqueues one job that fails at once, and waits for its end. */
async function failOne(world: World): Promise<string> {
  const worker = world.worker({ handlers: scriptedHandlers });
  const ends = [{ do: 'reject' as const }, { do: 'return' as const }];
  const { id } = await world.producer().enqueue(hasty, { ends });
  await world.settled(world.queue('scripted'), id);
  await worker.drain();
  return id;
}

describe('bullpen-dashboard', () => {
  test('wrong use: exit 64, and stderr names every fault and what to do', async ({ world }) => {
    const cases: [args: string[], env: Record<string, string>, says: RegExp][] = [
      [['--host', '0.0.0.0'], {}, /--host: without a password the host must be a loopback address/],
      [
        [],
        { BULLPEN_DASHBOARD_PASSWORD: 'short' },
        /BULLPEN_DASHBOARD_PASSWORD: expected at least 12 characters, got 5/,
      ],
      [['--prot', '1'], {}, /unknown option '--prot'\n\(Did you mean --port\?\)/],
      [
        ['--port', 'http'],
        { BULLPEN_DASHBOARD_SESSION: 'long' },
        /--port: expected a port.*BULLPEN_DASHBOARD_SESSION: expected a duration/,
      ],
      [['--base-path', 'bullpen', '--redact', 'a..b'], {}, /--base-path: expected a path.*--redact: expected names/],
      [
        [],
        { BULLPEN_DASHBOARD_PASSWORD_FILE: join(world.folder, 'none') },
        /BULLPEN_DASHBOARD_PASSWORD_FILE: there is no file /,
      ],
      [[], { BULLPEN_DASHBOARD_PASSWORD: PASSWORD, BULLPEN_DASHBOARD_PASSWORD_FILE: '/x' }, /is set as well; set one/],
    ];
    for (const [args, env, says] of cases) {
      const { code, stderr } = await Dashboard.run(world, args, env).ended;
      expect(stderr, args.join(' ')).toMatch(says);
      expect(code, args.join(' ')).toBe(64);
    }
  });

  test('a port that is in use: exit 64, and stderr says so', async ({ world }) => {
    const { url } = await Dashboard.start(world);
    const { code, stderr } = await Dashboard.run(world, ['--port', url.port], {}).ended;
    expect([code, stderr]).toEqual([64, expect.stringContaining(`--port: port ${url.port} of 127.0.0.1 is in use`)]);
  });

  test('without a password there is no login, and the log says so', async ({ world }) => {
    const dashboard = await Dashboard.start(world, [], { BULLPEN_DASHBOARD_PASSWORD: '' });
    await dashboard.process.logged(
      'no password is set: everybody on this machine can look and act; nobody else can connect',
    );
    expect((await dashboard.ask('api/queues')).status).toBe(200);
    const foreign = { method: 'PUT', headers: { origin: 'http://evil.example' } };
    expect((await dashboard.ask('api/queues/pause', foreign)).status).toBe(403);
  });

  test('the password in a file logs in, another does not', async ({ world }) => {
    const file = await world.file('password', `${PASSWORD}\n`);
    const env = { BULLPEN_DASHBOARD_PASSWORD: '', BULLPEN_DASHBOARD_PASSWORD_FILE: file };
    const dashboard = await Dashboard.start(world, [], env);
    expect((await dashboard.logIn('correct-horse-batterY')).status).toBe(401);
    expect((await dashboard.ask('api/queues')).status).toBe(401);
    expect((await dashboard.logIn()).status).toBe(303);
    expect((await dashboard.ask('api/queues')).status).toBe(200);
  });

  test('new queues appear without a restart, and to look at them writes nothing', async ({ world }) => {
    const dashboard = await Dashboard.start(world);
    await dashboard.logIn();
    expect((await dashboard.json<Queues>('api/queues')).queues).toEqual([]);
    const ends = [{ do: 'return' as const }];
    const { id } = await world.producer().enqueue(scripted, { ends });
    const before = await contents(world);
    expect((await showing(dashboard, 'scripted')).counts).toMatchObject({ waiting: 1 });
    const looks = [
      ...[
        '',
        'queue/scripted',
        `queue/scripted/${id}`,
        'batches',
        'batches.json',
        'api/redis/stats',
        'api/job-schedulers',
      ],
      ...[`api/queues/scripted/${id}`, `api/queues/scripted/${id}/logs`, `api/queues/scripted/${id}/flow`],
      ...['api/queues/scripted/workers', 'api/queues/scripted/metrics', 'api/queues/scripted/rate-limit'],
    ];
    for (const path of looks) expect([path, (await dashboard.ask(path)).status]).toEqual([path, 200]);
    expect(await contents(world)).toEqual(before);
  });

  test('one dashboard tells Prometheus how many jobs wait; another takes over when that one has stopped', async ({
    world,
  }) => {
    const [first, second] = [await Dashboard.start(world), await Dashboard.start(world)];
    await world.producer().enqueue(scripted, { ends: [{ do: 'return' as const }] });
    const authorization = `Basic ${Buffer.from(`bullpen:${PASSWORD}`).toString('base64')}`;
    const tells = async (dashboard: Dashboard) =>
      (await dashboard.ask('/metrics', { headers: { authorization } })).text.includes(
        'bullpen_queue_jobs{queue="scripted",state="waiting"} 1\n',
      );
    await until('the first to tell it', () => tells(first));
    expect(await tells(second)).toBe(false);
    first.process.kill('SIGTERM');
    expect(await first.process.ended).toMatchObject({ code: 0 });
    await until('the second to tell it', () => tells(second));
  });

  test('retries a failed job, and a worker completes it; read-only refuses, and nothing changes', async ({ world }) => {
    const id = await failOne(world);
    const readOnly = await Dashboard.start(world, ['--read-only']);
    await readOnly.logIn();
    expect((await showing(readOnly, 'scripted')).readOnlyMode).toBe(true);
    const before = await contents(world);
    for (const path of [
      `api/queues/scripted/${id}/retry`,
      `api/queues/scripted/${id}/clean`,
      'api/queues/scripted/empty',
    ]) {
      const answer = await readOnly.ask(path, { method: 'PUT' });
      expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('read-only')]);
    }
    expect(await contents(world)).toEqual(before);

    const dashboard = await Dashboard.start(world);
    await dashboard.logIn();
    expect((await showing(dashboard, 'scripted')).counts).toMatchObject({ failed: 1 });
    expect((await dashboard.ask(`api/queues/scripted/${id}/retry`, { method: 'PUT' })).status).toBe(204);
    world.worker({ handlers: scriptedHandlers });
    await until('the job to be completed', async () => (await world.queue('scripted').getJob(id))?.isCompleted());
  });

  test('logs each change: who made it, what, on which queue, how many jobs, and what became of it', async ({
    world,
  }) => {
    const id = await failOne(world);
    const queue = world.queue('scripted');
    await world.producer().enqueueMany(
      scripted,
      Array.from({ length: 7 }, () => ({})),
    );
    await world.producer().enqueueMany(
      scripted,
      Array.from({ length: 3 }, () => ({})),
      { delay: '1h' },
    );
    const dashboard = await Dashboard.start(world);
    const put = (path: string, body?: object, method = 'PUT') =>
      dashboard.ask(`api/queues/${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
    expect((await put('scripted/pause')).status).toBe(401);
    await dashboard.logIn();
    await showing(dashboard, 'scripted');
    const changes = () => dashboard.process.log.filter(({ msg }) => msg.startsWith('change '));
    const made = async (change: object, ...[path, body, method]: Parameters<typeof put>) => {
      const before = changes().length;
      await put(path, body, method);
      const [line] = await until('the change to be logged', () => changes().length > before && changes().slice(before));
      expect(line).toMatchObject({ user: 'bullpen', address: '127.0.0.1', queue: 'scripted', ...change });
    };
    const msg = 'change made';
    await made({ msg, action: 'pause the queue' }, 'scripted/pause');
    await made({ msg, action: 'resume the queue' }, 'scripted/resume');
    await made({ msg, action: 'set the concurrency', concurrency: 3 }, 'scripted/concurrency', { concurrency: 3 });
    const limit = { max: 5, duration: 1_000 };
    await made({ msg, action: 'set the rate limit', ...limit }, 'scripted/rate-limit', limit);
    const limits = await world.redis.hmget(`${world.prefix}:scripted:meta`, 'concurrency', 'max', 'duration');
    expect(limits).toEqual(['3', '5', '1000']);
    await made({ msg, action: 'retry all jobs', state: 'failed', count: 1 }, 'scripted/retry/failed');
    await made({ msg, action: 'promote all jobs', count: 3 }, 'scripted/promote');
    expect(await queue.getJobCounts('wait', 'delayed')).toEqual({ wait: 11, delayed: 0 });
    await made({ msg, action: 'remove the job', jobId: id }, `scripted/${id}/clean`);
    await made({ msg, action: 'empty the queue', count: 10 }, 'scripted/empty');
    expect(await queue.getWaitingCount()).toBe(0);
    const gone = { reason: 'job not found', status: 404 };
    await made({ msg: 'change refused', action: 'retry the job', jobId: id, ...gone }, `scripted/${id}/retry`);
    const reason = expect.stringContaining('not deleted here');
    await made({ msg: 'change refused', action: 'delete the queue', status: 403, reason }, 'scripted/obliterate');
    expect(changes()).toHaveLength(10);
  });

  test('pauses, limits, cleans and empties a queue of a Redis that is full', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const queue = own.queue('scripted');
    // Bull Board cleans no job that is younger than five seconds.
    const jobs = Array.from({ length: 25 }, (_, at) => ({
      ...{ name: scripted.name, data: {}, opts: { timestamp: at < 20 ? 1_700_000_000_000 : 4_000_000_000_000 } },
    }));
    const [first] = await queue.addBulk(jobs);
    const dashboard = await Dashboard.start(world, own.flags);
    await dashboard.logIn();
    await showing(dashboard, 'scripted');
    await own.admin.config('SET', 'maxmemory', '1');
    await expect(own.admin.set('any', '')).rejects.toThrow('OOM');
    const put = async (path: string, body: object = {}): Promise<number> => {
      const headers = { 'content-type': 'application/json' };
      const asked = { method: 'PUT', body: JSON.stringify(body), headers };
      return (await dashboard.ask(`api/queues/scripted/${path}`, asked)).status;
    };
    expect(await put('pause')).toBe(200);
    expect(await queue.isPaused()).toBe(true);
    expect([await put('resume'), await queue.isPaused()]).toEqual([200, false]);
    expect([await put('concurrency', { concurrency: 3 }), await queue.getGlobalConcurrency()]).toEqual([200, 3]);
    expect(await put('rate-limit', { max: 5, duration: 1_000 })).toBe(200);
    expect(await queue.getGlobalRateLimit()).toEqual({ max: 5, duration: 1_000 });
    expect([await put(`${first?.id}/clean`), await queue.getWaitingCount()]).toEqual([204, 24]);
    expect([await put('clean/waiting'), await queue.getWaitingCount()]).toEqual([200, 5]);
    expect([await put('empty'), await queue.getWaitingCount()]).toEqual([200, 0]);
  });

  test('retries no job whose key another job has by now, and says which; of all it retries the others', async ({
    world,
  }) => {
    const producer = world.producer();
    const queue = world.queue('scripted');
    const payload = { ends: [{ do: 'reject' as const }] };
    const jobs = Array.from({ length: 230 }, (_, at) => ({ ...payload, name: `${at}` }));
    const failed = await producer.enqueueMany(scripted, jobs, { key: ({ name }) => name ?? '' });
    const worker = world.worker({ handlers: scriptedHandlers });
    await worker.process.untilEmpty();
    await worker.drain();
    const holders = await producer.enqueueMany(scripted, jobs.slice(0, 120), {
      key: ({ name }) => name ?? '',
      delay: '1h',
    });
    const dashboard = await Dashboard.start(world);
    await dashboard.logIn();
    await showing(dashboard, 'scripted');
    const idOf = (enqueued: object | undefined) => (enqueued as { id: string }).id;
    const one = await dashboard.ask(`api/queues/scripted/${idOf(failed[0])}/retry`, { method: 'PUT' });
    expect([one.status, one.text]).toEqual([409, expect.stringContaining(`duplicate of ${idOf(holders[0])}`)]);
    expect(await queue.getJobState(idOf(failed[0]))).toBe('failed');
    const free = await dashboard.ask(`api/queues/scripted/${idOf(failed[229])}/retry`, { method: 'PUT' });
    expect(free.status).toBe(204);
    expect(await producer.enqueue(scripted, payload, { key: '229' })).toEqual({
      ...{ status: 'duplicate', id: idOf(failed[229]) },
    });
    const all = await dashboard.ask('api/queues/scripted/retry/failed', { method: 'PUT' });
    expect(JSON.parse(all.text)).toEqual({ retried: 109, skipped: 120 });
    expect(await queue.getJobCounts('wait', 'delayed', 'failed')).toEqual({ wait: 110, delayed: 120, failed: 120 });
  });

  test('keeps jobs with and without a priority apart: it retries and promotes none beside others, and says why', async ({
    world,
  }) => {
    const producer = world.producer();
    const queue = world.queue('scripted');
    const payload = { ends: [{ do: 'reject' as const }] };
    const [first, second] = await Promise.all(
      ['a', 'b'].map((key) => producer.enqueue(scripted, payload, { key, priority: 5 })),
    );
    const worker = world.worker({ handlers: scriptedHandlers });
    await worker.process.untilEmpty();
    await worker.drain();
    const plain = await producer.enqueueMany(scripted, [{}, {}, {}]);
    // A stock client asks nobody.
    await queue.add(scripted.name, {}, { jobId: 'late', delay: 3_600_000, priority: 5 });
    const dashboard = await Dashboard.start(world);
    await dashboard.logIn();
    await showing(dashboard, 'scripted');
    const ask = (path: string) => dashboard.ask(`api/queues/scripted/${path}`, { method: 'PUT' });
    const stays = 'The job has a priority, and the jobs of the queue, which have none, would always go before it.';
    for (const path of [`${first?.id}/retry`, 'retry/failed', 'late/promote', 'promote']) {
      const { status, text } = await ask(path);
      expect([path, status, text]).toEqual([path, 409, expect.stringContaining(stays)]);
    }
    const counts = () => queue.getJobCounts('wait', 'prioritized', 'delayed', 'failed');
    expect(await counts()).toEqual({ wait: 3, prioritized: 0, delayed: 1, failed: 2 });

    for (const job of plain) await producer.cancel(scripted, (job as { id: string }).id);
    expect((await ask('late/promote')).status).toBe(204);
    expect((await ask(`${first?.id}/retry`)).status).toBe(204);
    expect(JSON.parse((await ask('retry/failed')).text)).toEqual({ retried: 1, skipped: 0 });
    expect(await counts()).toEqual({ wait: 0, prioritized: 3, delayed: 0, failed: 0 });
    expect(await producer.enqueue(scripted, {}, { key: 'b', priority: 1 })).toMatchObject({ id: second?.id });
    await expect(producer.enqueue(scripted, {})).rejects.toThrow('holds jobs with priorities');
  });

  test('tells on the page of a queue how many rows of batches failed', async ({ world }) => {
    const producer = world.producer();
    const rows = ['a', 'b'].map((name) => ({ name, ends: [{ do: 'reject' }] }));
    await producer.batches.run(scripted, { name: 'm', source: sourceOf(rows) });
    const worker = world.worker({ handlers: scriptedHandlers });
    await worker.process.untilEmpty();
    const dashboard = await Dashboard.start(world);
    await dashboard.logIn();
    await showing(dashboard, 'scripted');
    const { text } = await dashboard.ask('api/queues?activeQueue=scripted');
    const { queues } = JSON.parse(text) as { queues: { description?: string }[] };
    expect(queues[0]?.description).toBe('2 rows of batches failed. Batches says why.');
  });

  test('retries jobs of a stock client whose ids begin like those of keys; they have none', async ({ world }) => {
    const queue = world.queue('scripted');
    const ids = ['k-foo', 'k-bar', `k-${'x'.repeat(60)}`];
    for (const jobId of ids) await queue.add(scripted.name, { ends: [{ do: 'reject' }] }, { jobId });
    const worker = world.worker({ handlers: scriptedHandlers });
    await worker.process.untilEmpty();
    await worker.drain();
    const dashboard = await Dashboard.start(world);
    await dashboard.logIn();
    await showing(dashboard, 'scripted');
    for (const id of ids) {
      const { status } = await dashboard.ask(`api/queues/scripted/${id}/retry`, { method: 'PUT' });
      expect([id, status]).toEqual([id, 204]);
    }
    expect(await world.redis.keys(`${world.prefix}:scripted:key:*`)).toEqual([]);
  });

  test('retries a job whose cancellation came too late for its last attempt', async ({ world }) => {
    const id = await failOne(world);
    // The worker had recorded the end before it heard of the cancellation.
    await world.redis.zadd(`${world.prefix}:scripted:cancelled`, Date.now() + 60_000, id);
    const dashboard = await Dashboard.start(world);
    await dashboard.logIn();
    await showing(dashboard, 'scripted');
    expect((await dashboard.ask(`api/queues/scripted/${id}/retry`, { method: 'PUT' })).status).toBe(204);
    world.worker({ handlers: scriptedHandlers });
    expect(await (await world.settled(world.queue('scripted'), id)).getState()).toBe('completed');
  });

  test('a completed job that is retried takes its key for as long as it waits', async ({ world }) => {
    const producer = world.producer();
    const { id } = await producer.enqueue(scripted, {}, { key: 'k' });
    const worker = world.worker({ handlers: scriptedHandlers });
    await worker.process.untilEmpty();
    await worker.drain();
    const dashboard = await Dashboard.start(world);
    await dashboard.logIn();
    await showing(dashboard, 'scripted');
    expect((await dashboard.ask(`api/queues/scripted/${id}/retry`, { method: 'PUT' })).status).toBe(204);
    const [record = ''] = await world.redis.keys(`${world.prefix}:scripted:key:*`);
    expect([await world.redis.get(record), await world.redis.pttl(record)]).toEqual([id, -1]);
  });

  test('shows no secret on any page or answer', async ({ world }) => {
    const secret = 'tok_live_51HxQ2';
    const queue = world.queue('scripted');
    const data = {
      ends: [{ do: 'reject' }],
      note: 'plain',
      apiKey: secret,
      nested: [{ Authorization: `Bearer ${secret}` }],
      said: `used ${secret}`,
    };
    const job = await queue.add('test.hasty', data, { jobId: 'j-secret', attempts: 1, removeOnFail: false });
    await job.log(`token=${secret}`);
    await job.updateProgress({ token: secret });
    await queue.upsertJobScheduler('nightly', { every: 3_600_000 }, { name: 'n', data: { password: secret } });
    const worker = world.worker({ handlers: scriptedHandlers });
    await until('the job to have failed', () => job.isFailed());
    await worker.drain();
    await world.redis.hset(`${world.prefix}:scripted:j-secret`, 'failedReason', `refused ${secret}`);

    const dashboard = await Dashboard.start(world);
    await dashboard.logIn();
    await showing(dashboard, 'scripted');
    const ways = [
      ...['api/queues?activeQueue=scripted&status=failed', 'api/queues?activeQueue=scripted&status=delayed'],
      ...['api/queues/scripted/j-secret', 'api/queues/scripted/j-secret/logs', 'api/queues/scripted/j-secret/flow'],
      ...['api/job-schedulers', 'api/queues/scripted/job-data-schema', 'api/queues/scripted/default-job-options'],
    ];
    for (const way of ways) expect((await dashboard.ask(way)).text, way).not.toContain(secret);
    expect((await dashboard.ask('api/queues/scripted/j-secret')).text).toContain('plain');

    const open = await Dashboard.start(world, ['--redact', 'none']);
    await open.logIn();
    await showing(open, 'scripted');
    expect((await open.ask('api/queues/scripted/j-secret')).text).toContain(secret);
  });

  test('works below a base path behind a proxy that speaks HTTPS for it', async ({ world }) => {
    const args = ['--base-path', '/ops/bullpen', '--trust-proxy', 'loopback'];
    const dashboard = await Dashboard.start(world, args);
    const proxy = createServer((from, to) => {
      const headers = {
        ...from.headers,
        host: 'inside',
        'x-forwarded-host': 'jobs.example',
        'x-forwarded-proto': 'https',
      };
      const { hostname, port } = dashboard.url;
      const onward = request({ hostname, port, path: from.url, method: from.method, headers }, (answer) => {
        to.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(to);
      });
      from.pipe(onward);
    });
    await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
    world.onClose(() => new Promise((closed) => proxy.close(closed)));
    const outside = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const ask = async (path: string, init: RequestInit = {}) => {
      const own = { connection: 'close', ...init.headers };
      const answer = await fetch(outside + path, { redirect: 'manual', ...init, headers: own });
      // An answer that nobody reads to its end keeps its connection.
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    };

    expect((await ask('/', { headers: { accept: 'text/html' } })).headers.get('location')).toBe(
      '/ops/bullpen/login?to=%2F',
    );
    const login = await ask('/ops/bullpen/login', {
      ...{ method: 'POST', headers: { origin: 'https://jobs.example' } },
      body: new URLSearchParams({ user: 'bullpen', password: PASSWORD, to: '/ops/bullpen/batches' }),
    });
    const cookie = login.headers.getSetCookie()[0] ?? '';
    expect([login.status, login.headers.get('location')]).toEqual([303, '/ops/bullpen/batches']);
    expect(cookie).toMatch(/; Path=\/ops\/bullpen\/; HttpOnly; Secure; SameSite=Strict$/);
    const { text: board } = await ask('/ops/bullpen/', { headers: { cookie } });
    expect(board).toContain('<base href="/ops/bullpen/" />');
    const script = /static\/js\/main[^"]*/.exec(board)?.[0];
    expect((await ask(`/ops/bullpen/${script}`, { headers: { cookie } })).status).toBe(200);
    expect((await ask('/livez')).status).toBe(200);
  });

  test('says at once that Redis is down, and recovers when it is back; stops while Redis is frozen', async ({
    world,
  }) => {
    const redis = await OwnRedis.start(world);
    const dashboard = await Dashboard.start(world, redis.flags);
    await dashboard.logIn();
    await until('Redis to be seen', async () => (await dashboard.ask('/readyz')).status === 200);
    await redis.server.kill();
    await until('the outage to be seen', async () => (await dashboard.ask('/readyz')).status === 503);
    expect((await dashboard.ask('/livez')).status).toBe(200);
    expect((await dashboard.ask('batches.json')).status).toBe(503);
    await redis.server.start();
    await until('Redis to be back', async () => (await dashboard.ask('/readyz')).status === 200);
    expect((await dashboard.ask('batches.json')).status).toBe(200);
    const said = dashboard.process.log.filter(({ msg }) => msg.startsWith('redis '));
    expect(said).toEqual([
      expect.objectContaining({ level: 40, redis: redis.server.url, msg: expect.stringMatching(/; retrying$/) }),
      expect.objectContaining({ level: 30, redis: redis.server.url, msg: 'redis is available' }),
    ]);
    process.kill(redis.server.pid as number, 'SIGSTOP');
    await until('Redis to be seen frozen', async () => (await dashboard.ask('/readyz')).status === 503);
    dashboard.process.kill('SIGTERM');
    expect(await dashboard.process.ended).toMatchObject({ code: 0 });
  });

  test('Redis refuses us: exit 69, and stderr says why', async ({ world }) => {
    const redis = await OwnRedis.start(world);
    const refusal = async (url: string) => {
      const { code, stderr } = await Dashboard.run(world, ['--redis', url], {}).ended;
      return [code, stderr];
    };
    expect(await refusal(`${redis.server.url}/99`)).toEqual([69, expect.stringContaining('DB index is out of range')]);
    await redis.admin.config('SET', 'requirepass', 'another');
    expect(await refusal(redis.server.url)).toEqual([69, expect.stringContaining('refused us: NOAUTH')]);
  });

  test('shows a batch and downloads its failed rows, redacted; suggests a name for a batch that does not exist', async ({
    world,
  }) => {
    const rows = [
      { id: 1, email: 'ada@example.com', fail: '<script>alert(1)</script> token=tok_live_51HxQ2' },
      { id: 2, email: 'bob@example.com' },
    ];
    await world.producer().batches.run(row, { source: sourceOf(rows), name: 'november' });
    world.worker({ handlers: [handleRow] });
    const settled = await world.producer().batches.wait({ name: 'november' });
    expect(settled).toMatchObject({ completed: 1, failed: 1 });
    const dashboard = await Dashboard.start(world);
    await dashboard.logIn();
    const page = await dashboard.ask('batches/rows/november', { headers: { accept: 'text/html' } });
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('2 of 2 settled')]);
    expect(page.text).toContain('&#60;script&#62;alert(1)');
    expect(page.text).not.toMatch(/tok_live_51HxQ2|<script>/);
    const csv = await dashboard.ask('batches/rows/november/failed.csv');
    expect(csv.headers.get('content-disposition')).toBe('attachment; filename="november-failed.csv"');
    expect(csv.text.split('\n')).toEqual([
      'id,email,fail,error,attempts',
      expect.stringMatching(/^1,ada@example\.com,<script>alert\(1\)<\/script> token=\[redacted\],.*,1$/),
      '',
    ]);
    const ndjson = await dashboard.ask('batches/rows/november/failed.ndjson');
    expect(JSON.parse(ndjson.text)).toMatchObject({ id: 1, attempts: 1 });
    expect(csv.text + ndjson.text).not.toContain('tok_live_51HxQ2');
    const none = await dashboard.ask('batches/rows/novembre', { headers: { accept: 'text/html' } });
    expect([none.status, none.text]).toEqual([404, expect.stringContaining('november')]);
  });
});
