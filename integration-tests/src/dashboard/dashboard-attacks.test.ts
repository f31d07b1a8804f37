import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { defineJob } from '@bullpen/shared';
import { handle } from '@bullpen/worker';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { sourceOf } from '../support/batch-source.js';
import { Dashboard, PASSWORD } from '../support/dashboard.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

const SECRET = 's3cret-51HxQ2';

const letter = defineJob({
  name: 'test.letter',
  queue: 'letters',
  payload: z.object({ to: z.string(), password: z.string().optional() }),
  maxAttempts: 1,
});
const handleLetter = handle(letter, async ({ password }) => {
  if (password !== undefined) throw new Error(`refused ${password}`);
});

/**
 * Sends bytes that no client would send, and returns everything that the server answers until it
 * closes.
 */
async function send(
  { url }: Dashboard,
  head: string,
  body = '',
): Promise<{ readonly statuses: number[]; readonly text: string }> {
  const socket = connect(Number(url.port), url.hostname);
  socket.on('error', () => undefined);
  socket.write(`${head}\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n${body}`);
  const answer = await text(socket).catch(() => '');
  return { statuses: [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status)), text: answer };
}

/** A dashboard with a user who is logged in; it has found these queues. */
async function open(world: World, queues: readonly string[], args: readonly string[] = []): Promise<Dashboard> {
  const dashboard = await Dashboard.start(world, args);
  await dashboard.logIn();
  await until('the queues on the dashboard', async () => {
    const found = (await dashboard.ask('api/queues')).text;
    return queues.every((name) => found.includes(JSON.stringify(name)));
  });
  return dashboard;
}

describe('a dashboard that is attacked', () => {
  test('with malformed requests, too large ones, paths to other files, and too many at once: refuses each and goes on', async ({
    world,
  }) => {
    const dashboard = await Dashboard.start(world, ['--base-path', '/ops']);
    const login = `POST /ops/login HTTP/1.1\r\nOrigin: ${dashboard.url.origin}\r\nContent-Type: application/x-www-form-urlencoded`;
    const cases: [what: string, head: string, status: number, body?: string][] = [
      ['two lengths', `${login}\r\nContent-Length: 4\r\nContent-Length: 5`, 400],
      ['a length and chunks', `${login}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked`, 400],
      ['chunks that are none', `${login}\r\nTransfer-Encoding: xchunked`, 400],
      ['a header over two lines', 'GET /ops/ HTTP/1.1\r\nX: a\r\n b', 400],
      ['a space before a colon', 'GET /ops/ HTTP/1.1\r\nX : a', 400],
      ['a header of 17 KB', `GET /ops/ HTTP/1.1\r\nX: ${'a'.repeat(17_000)}`, 431],
      ['an address of 20 KB', `GET /ops/${'a'.repeat(20_000)} HTTP/1.1`, 431],
      ['a body of 1 MB', `${login}\r\nContent-Length: 1000000`, 413],
      [
        'a prototype',
        `${login.replace('x-www-form-urlencoded', 'json')}\r\nContent-Length: 16`,
        400,
        '{"__proto__":{}}',
      ],
      ['no address', 'GET /ops/%E0%A4%A HTTP/1.1', 400],
      ['a name of 600 characters', `GET /ops/queue/${'a'.repeat(600)} HTTP/1.1`, 414],
      ['another host in the address', 'GET http://evil.example/ops/api/queues HTTP/1.1', 401],
      ['an upgrade', 'GET /ops/api/queues HTTP/1.1\r\nUpgrade: websocket', 401],
      ['a method of nobody', 'PROPFIND /ops/ HTTP/1.1', 403],
      ['a file above', 'GET /ops/assets/../package.json HTTP/1.1', 403],
      ['a file above, encoded', 'GET /ops/assets/..%2fpackage.json HTTP/1.1', 404],
      ['a file above, backwards', 'GET /ops/assets/..%5cpackage.json HTTP/1.1', 403],
      ['a NUL', 'GET /ops/assets/bullpen.css%00.html HTTP/1.1', 400],
      ['a route beside one that is open', 'GET /ops/login/../api/queues HTTP/1.1', 401],
      ['a route below one that is open', 'GET /ops/assets/bullpen.css/../../api/queues HTTP/1.1', 403],
      ['another case', 'GET /OPS/API/queues HTTP/1.1', 401],
      ['two slashes', 'GET //ops/api/queues HTTP/1.1', 401],
    ];
    for (const [what, head, status, body] of cases) {
      const answer = await send(dashboard, head, body);
      expect([what, answer.statuses]).toEqual([what, [status]]);
      expect(answer.text, what).not.toMatch(/"queues"|"dependencies"/);
    }
    expect((await dashboard.ask('/livez')).status).toBe(200);
    expect((await dashboard.ask('login?to=//:')).status).toBe(200);

    // A hundred passwords at once: the dashboard checks ten.
    const guesses = [...Array.from({ length: 99 }, (_, n) => `wrong-${n}`), PASSWORD];
    const requests = guesses.map((password, n) => {
      const basic = Buffer.from(`bullpen:${password}`).toString('base64');
      const last = n === guesses.length - 1 ? '\r\nConnection: close' : '';
      return `GET /metrics HTTP/1.1\r\nHost: ${dashboard.url.host}\r\nAuthorization: Basic ${basic}${last}\r\n\r\n`;
    });
    const socket = connect(Number(dashboard.url.port), dashboard.url.hostname);
    socket.write(requests.join(''));
    const statuses = [...(await text(socket)).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses).toEqual([...Array(10).fill('401'), ...Array(90).fill('429')]);
  });

  test('by a site whose name resolves to this machine: without a login, answers to its own names only', async ({
    world,
  }) => {
    const process = Dashboard.run(world, [], {});
    const { port } = new URL(String((await process.logged('dashboard ready'))['url']));
    const ask = async (host: string, path = '/api/queues'): Promise<string> => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      return text(socket);
    };
    expect(await ask(`evil.example:${port}`)).toMatch(/^HTTP\/1\.1 403 .*answers only as localhost/s);
    expect(await ask(`evil.example:${port}`, '/metrics')).toMatch(/^HTTP\/1\.1 403 /);
    expect(await ask(`localhost:${port}`)).toMatch(/^HTTP\/1\.1 200 .*\{"queues":\[\]\}$/s);
  });

  test('with payloads: none reveals a secret, stops the server, or hides other jobs', async ({ world }) => {
    const queue = world.queue('scripted');
    const payload = {
      'x-api-key': SECRET,
      db_password: `${SECRET}-two`,
      headers: [{ name: 'Authorization', value: `Bearer ${SECRET}` }],
      text: JSON.stringify({ inner: JSON.stringify({ token: SECRET }) }),
      // A secret in one job must not change what the dashboard says of the queue.
      token: ['waiting', 'scripted'],
    };
    const job = await queue.add('plain', payload, { jobId: 'j-secret' });
    await job.log(`used ${SECRET} as ${encodeURIComponent(`${SECRET}-two`)}`);
    await job.updateProgress(`used ${SECRET}`);
    const said = `body {\\"password\\":\\"${SECRET}-three\\"}, then "token":"${SECRET}-four`;
    await world.redis.hset(`${world.prefix}:scripted:j-secret`, 'failedReason', said);

    const put = async (id: string, data: string): Promise<void> => {
      await world.redis.hset(`${world.prefix}:scripted:${id}`, { name: id, data, opts: '{}', timestamp: 1 });
      await world.redis.lpush(`${world.prefix}:scripted:wait`, id);
    };
    await put('deep', '['.repeat(100_000) + ']'.repeat(100_000));
    await put('broken', `{"token":"${SECRET}" oops`);
    await put(
      'slow',
      JSON.stringify({
        token: Array.from({ length: 900 }, (_, n) => `${'a'.repeat(n + 6)}b`),
        t: 'a'.repeat(1_000_000),
      }),
    );

    const dashboard = await open(world, ['scripted']);
    const list = await dashboard.ask('api/queues?activeQueue=scripted&status=waiting');
    expect(list.status).toBe(200);
    const [listed] = (JSON.parse(list.text) as { queues: { name: string; counts: object; jobs: { id: string }[] }[] })
      .queues;
    expect(listed).toMatchObject({ name: 'scripted', counts: { waiting: 4 } });
    expect(listed?.jobs.map(({ id }) => id)).toEqual(['slow', 'deep', 'j-secret']);
    expect(list.text.length).toBeLessThan(50_000);
    const ways = ['j-secret', 'j-secret/logs', 'j-secret/flow', 'deep', 'deep/logs', 'broken', 'broken/logs'];
    const answers = await Promise.all(ways.map((way) => dashboard.ask(`api/queues/scripted/${way}`)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 500, 500]);
    for (const [at, answer] of [list, ...answers].entries())
      expect(answer.text, ways[at - 1] ?? 'list').not.toContain('s3cret');
    expect(dashboard.process.log.filter((line) => JSON.stringify(line).includes('s3cret'))).toEqual([]);

    const many = await dashboard.ask('api/queues?activeQueue=scripted&jobsPerPage=1000000');
    expect([many.status, many.text]).toEqual([400, expect.stringContaining('At most 100')]);
    expect((await dashboard.ask('api/queues?activeQueue=%25')).status).toBe(400);
  });

  test('by a user who is logged in: keeps rows of a batch, adds no scheduler, and puts no formula into a download', async ({
    world,
  }) => {
    // Letters only, as reasons are grouped without their numbers.
    const password = 'correct-horse';
    const rows = [{ to: '=HYPERLINK("http://evil.example")', password }, { to: 'bob' }];
    const queue = world.queue('letters');
    await world.producer().batches.run(letter, { source: sourceOf(rows), name: 'november' });
    await queue.upsertJobScheduler('nightly', { every: 3_600_000 }, { name: 'n', data: {} });
    const dashboard = await open(world, ['letters']);
    const put = async (path: string): Promise<[number, string]> => {
      const { status, text: said } = await dashboard.ask(`api/queues/letters/${path}`, { method: 'PUT' });
      return [status, said];
    };
    const before = await queue.getJobCounts();
    for (const path of ['empty', 'clean/wait', 'clean/waiting', 'b-november-1/clean', '%62-november-1/clean']) {
      expect([path, ...(await put(path))]).toEqual([path, 403, expect.stringContaining('of a batch')]);
    }
    expect(await put('job-schedulers/nightly/run')).toEqual([403, expect.stringContaining('enqueued by a producer')]);
    expect(await queue.getJobCounts()).toEqual(before);

    const worker = world.worker({ handlers: [handleLetter] });
    expect(await world.producer().batches.wait({ name: 'november' })).toMatchObject({
      failed: 1,
      completed: 1,
    });
    await worker.drain();
    expect(await put('clean/wait')).toEqual([200, '{}']);
    for (const way of [
      'batches/letters/november',
      'batches/letters/november.json',
      'batches/letters/november/failed.csv',
    ]) {
      const answer = await dashboard.ask(way);
      expect([way, answer.status]).toEqual([way, 200]);
      expect(answer.text, way).not.toContain(password);
      expect(answer.text, way).not.toMatch(/[,"]=HYPERLINK/);
    }
  });
});
