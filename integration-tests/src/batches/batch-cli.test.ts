import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { row } from '../fixtures/jobs.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

const good = (id: number): string => JSON.stringify({ id, email: `user${id}@example.com` });
const lines = (count: number): string => Array.from({ length: count }, (_, at) => `${good(at + 1)}\n`).join('');

/** Runs `batch test.row …` and returns how it ended, with the result from its JSON line. */
async function batch(world: World, args: readonly string[], input?: string | Uint8Array, env?: Record<string, string>) {
  const ended = await world.producerProcess(['batch', 'test.row', ...args, '--json'], input, env).ended;
  const result = ended.stdout === '' ? undefined : (JSON.parse(ended.stdout) as Record<string, unknown>);
  return { ...ended, result };
}

const waiting = (world: World) => world.queue('rows').getWaitingCount();

describe('sources', () => {
  test('NDJSON: rows are added, then duplicates by key, and the result is one JSON line of the documented shape', async ({
    world,
  }) => {
    const file = await world.file('rows.ndjson', lines(2_345));
    const first = await batch(world, [file, '--key-field', 'id']);
    expect(first.code).toBe(0);
    expect(first.result).toEqual({
      name: expect.stringMatching(/^[A-Za-z0-9_-]+$/),
      job: 'test.row',
      queue: 'rows',
      read: 2_345,
      added: 2_345,
      duplicate: 0,
      rejected: 0,
      durationMs: expect.any(Number),
    });
    const second = await batch(world, [file, '--key-field', 'id']);
    expect(second.result).toMatchObject({ read: 2_345, added: 0, duplicate: 2_345 });
    expect(await waiting(world)).toBe(2_345);
  });

  test('CSV, with quotes, a BOM and CRLF', async ({ world }) => {
    const file = await world.file(
      'rows.csv',
      '\uFEFFid,email,fail\r\n1,a@example.com,\r\n2,"b@example.com","two\r\nlines"\r\n',
    );
    const { code, result } = await batch(world, [file]);
    expect({ code, ...result }).toMatchObject({ code: 0, read: 2, added: 2 });
    const jobs = await world.queue('rows').getWaiting();
    expect(jobs.map(({ data }) => data)).toContainEqual({ id: '2', email: 'b@example.com', fail: 'two\r\nlines' });
  });

  test('numbers that JavaScript cannot hold keep their text, in a JSON array as in NDJSON', async ({ world }) => {
    const big = ['12345678901234567000', '1e400'].map((n) => `{"id":1,"email":"x@example.com","n":${n}}`);
    const stored = async (): Promise<(string | null)[]> => {
      const ids = await world.redis.lrange(`${world.prefix}:rows:wait`, 0, -1);
      return Promise.all(ids.reverse().map((id) => world.redis.hget(`${world.prefix}:rows:${id}`, 'data')));
    };
    await batch(world, [await world.file('rows.ndjson', big.join('\n'))]);
    expect(await stored()).toEqual(big);
    const pretty = big.map((row) => row.replace('{', '{\n  ').replace('}', '\n}'));
    await batch(world, [await world.file('rows.json', `[${pretty.join(',\n')}]`)]);
    expect((await stored()).slice(2)).toEqual(big.map((row) => row.replace('{', '{ ').replace('}', ' }')));
  });

  test('a table that is separated by semicolons is refused, or read when the command or the table says so', async ({
    world,
  }) => {
    const table = 'id;email\r\n1;a@example.com\r\n';
    const file = await world.file('rows.csv', table);
    const refused = await batch(world, [file, '--name', 'semi']);
    expect(refused).toMatchObject({ code: 64, stderr: expect.stringContaining("say --delimiter ';'") });
    expect((await batch(world, [file, '--name', 'semi', '--delimiter', ';'])).result).toMatchObject({ added: 1 });
    const again = await batch(world, [file, '--name', 'semi', '--delimiter', ',']);
    expect(again).toMatchObject({ code: 64, stderr: expect.stringContaining('--delimiter was ;, is ,') });
    const named = await world.file('named.csv', `sep=;\r\n${table}`);
    expect((await batch(world, [named])).result).toMatchObject({ read: 1, added: 1 });
    const ndjson = await world.file('rows.ndjson', lines(1));
    for (const [path, value, says] of [
      [ndjson, ';', '--delimiter: is for CSV; the source is ndjson'],
      [file, ';;', "--delimiter: expected one character, such as ';'"],
    ] as const) {
      const wrong = await batch(world, [path, '--delimiter', value]);
      expect(wrong).toMatchObject({ code: 64, stderr: expect.stringContaining(says) });
    }
  });

  test('a NUL in one row of a table rejects that row', async ({ world }) => {
    const rows = Array.from({ length: 10_000 }, (_, at) => `${at + 1},user${at + 1}@example.com\n`);
    rows[9_000] = '9001,user\0@example.com\n';
    const file = await world.file('rows.csv', `id,email\n${rows.join('')}`);
    const { code, result, stderr } = await batch(world, [file]);
    expect({ code, ...result }).toMatchObject({ code: 65, read: 10_000, added: 9_999, rejected: 1 });
    expect(stderr).toMatch(/^rejected row 9001 \(line 9002\): has a NUL at byte 10/);
  });

  test('a JSON array', async ({ world }) => {
    const file = await world.file('rows.json', `[${[1, 2, 3].map(good).join(',\n')}]`);
    expect((await batch(world, [file])).result).toMatchObject({ read: 3, added: 3 });
  });

  test('the standard input', async ({ world }) => {
    const { code, result } = await batch(world, ['-', '--format', 'ndjson'], lines(1_500));
    expect({ code, ...result }).toMatchObject({ code: 0, read: 1_500, added: 1_500 });
  });

  test('an empty file is a batch without rows, and stderr says so', async ({ world }) => {
    const file = await world.file('none.csv', '');
    const { code, result, stderr } = await batch(world, [file]);
    expect({ code, ...result }).toMatchObject({ code: 0, read: 0, added: 0 });
    expect(stderr).toBe(`bullpen-producer: the file ${file} is empty; there is nothing to enqueue\n`);
  });
});

describe('rows that do not parse or validate', () => {
  const BAD = `${good(1)}\n{"id":"x","email":"nope"}\n\n{oops\n${good(5)}\n`;

  test('go to the rejects file with line and reason; the others are added; exit 65', async ({ world }) => {
    const rejects = join(world.folder, 'rejects.ndjson');
    const args = [await world.file('rows.ndjson', BAD), '--name', 'bad', '--rejects', rejects];
    const { code, result, stderr } = await batch(world, args);
    expect({ code, ...result }).toMatchObject({ code: 65, read: 4, added: 2, rejected: 2 });
    expect(stderr).toBe('');
    const written = await readFile(rejects, 'utf8');
    const rows = written
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(rows).toEqual([
      expect.objectContaining({
        row: 2,
        line: 2,
        reason: expect.stringContaining('email: Invalid email'),
        input: { id: 'x', email: 'nope' },
      }),
      expect.objectContaining({ row: 3, line: 4, reason: expect.stringContaining('not JSON'), input: '{oops' }),
    ]);
    expect(await waiting(world)).toBe(2);
    // The same command writes the file anew and completely, although nothing is left to enqueue.
    expect((await batch(world, args)).result).toMatchObject({ added: 2, rejected: 2, wasFinished: true });
    expect(await readFile(rejects, 'utf8')).toBe(written);
  });

  test('a run that cannot start leaves the rejects file unchanged; a run that is stopped writes what it has and says so', async ({
    world,
  }) => {
    const rejects = await world.file('rejects.ndjson', 'of an earlier run\n');
    const more = ['--name', 'kept', '--rejects', rejects];
    await batch(world, [await world.file('first.ndjson', BAD), '--name', 'kept']);
    const other = await world.file('other.ndjson', `{oops\n${BAD}`);
    const piped = ['-', '--format', 'ndjson'];
    await batch(world, [...piped, '--name', 'piped'], BAD);
    expect((await batch(world, [other, ...more])).code).toBe(64);
    const unlike = await batch(world, [other, ...more, '--rows-per-job', '5', '--delay', '90m']);
    expect(unlike.code).toBe(64);
    expect(unlike.stderr).toMatch(/: --rows-per-job was 1, is 5; --delay was not given, is 90m\. Give it another name/);
    expect((await batch(world, [...piped, ...more, '--name', 'piped'], `{oops\n${BAD}`)).code).toBe(64);
    const away = ['--redis', 'redis://127.0.0.1:1', '--redis-timeout', '200ms'];
    expect((await batch(world, [other, ...more, '--name', 'new', ...away])).code).toBe(69);
    expect(await readFile(rejects, 'utf8')).toBe('of an earlier run\n');

    const args = ['batch', 'test.row', ...piped, '--name', 'stopped', '--rejects', rejects];
    const running = world.producerProcess(args, 'keep open');
    running.write(`{oops\n${lines(1_500)}`);
    await until('a chunk to be added', async () => (await waiting(world)) >= 1_000);
    running.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code).toBe(75);
    expect(stderr).toContain(
      `${rejects} has the 1 row rejected so far; a run that reads to the end writes all of them`,
    );
    expect(await readFile(rejects, 'utf8')).toMatch(/^\{"row":1,.*\}\n$/);
    expect((await readdir(world.folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('a full queue: one line says that the batch waits for room, and it goes on when there is room', async ({
    world,
  }) => {
    const file = await world.file('rows.ndjson', lines(1_100));
    const running = world.producerProcess(['batch', 'test.row', file, '--max-waiting', '100']);
    const says = "waiting for room: 1,000 jobs wait on 'rows'\n";
    await until('the line', () => running.stderr.includes(says));
    await world.redis.ltrim(`${world.prefix}:rows:wait`, 0, 0);
    expect(await running.ended).toMatchObject({ code: 0, stderr: says });
  });

  test('without a rejects file stderr names the first few', async ({ world }) => {
    const many = Array.from({ length: 8 }, () => '{}\n').join('');
    const { code, stderr } = await batch(world, [await world.file('rows.ndjson', many)]);
    expect(code).toBe(65);
    expect(stderr.match(/^rejected row \d \(line \d\)/gm)).toHaveLength(5);
    expect(stderr).toContain('and 3 more; name a file with --rejects');
  });

  test.skipIf(!existsSync('/dev/full'))(
    'a rejects file on a full disk: exit 1, and what was enqueued is told all the same',
    async ({ world }) => {
      const file = await world.file('rows.ndjson', BAD);
      const { code, result, stderr } = await batch(world, [file, '--rejects', '/dev/full']);
      expect({ code, ...result }).toMatchObject({ code: 1, read: 4, added: 2, rejected: 2 });
      expect(stderr).toMatch(/--rejects: cannot write \/dev\/full: .*ENOSPC/);
    },
  );

  test('CSV: a row of the wrong width and a stray quote spoil no other row', async ({ world }) => {
    const text = 'id,email\n1,a@example.com\n2\n3,"c@example.com"x\n4,d@example.com\n';
    const { code, result, stderr } = await batch(world, [await world.file('rows.csv', text)]);
    expect({ code, ...result }).toMatchObject({ code: 65, read: 4, added: 2, rejected: 2 });
    expect(stderr).toContain('rejected row 2 (line 3)');
    expect(stderr).toContain('rejected row 3 (line 4): a quote stands inside a cell');
  });

  test('a JSON array breaks off: the rows before are added and reported', async ({ world }) => {
    const { code, result, stderr } = await batch(world, [
      await world.file('rows.json', `[${good(1)},${good(2)},{"id":`),
    ]);
    expect({ code, ...result }).toMatchObject({ code: 64, read: 2, added: 2 });
    expect(stderr).toContain('not a JSON array after element 2');
  });

  test('--dry-run checks everything and needs no Redis', async ({ world }) => {
    const file = await world.file('rows.ndjson', BAD);
    const { code, result } = await batch(world, [file, '--dry-run'], undefined, { REDIS_URL: 'redis://127.0.0.1:1' });
    expect({ code, ...result }).toMatchObject({ code: 65, read: 4, added: 0, rejected: 2, dryRun: true });
    expect(await world.keys()).toEqual([]);
  });
});

describe('--wait', () => {
  test('waits until every job is settled and counts them; a failed job makes it exit 1', async ({ world }) => {
    const rows = `${lines(1_200)}{"id":9001,"email":"x@example.com","fail":"on purpose"}\n`;
    const file = await world.file('rows.ndjson', rows);
    world.workerProcess(['--queue', 'rows']);
    const { code, result } = await batch(world, [file, '--wait']);
    expect({ code, ...result }).toMatchObject({ code: 1, added: 1_201, completed: 1_200, failed: 1 });
    const all = await batch(world, [await world.file('more.ndjson', lines(10)), '--wait']);
    expect({ code: all.code, ...all.result }).toMatchObject({ code: 0, added: 10, completed: 10, failed: 0 });
  });

  test('says in a pipe, on the standard error, what it does and what it waits for', async ({ world }) => {
    const file = await world.file('rows.ndjson', lines(3));
    world.workerProcess(['--queue', 'rows']);
    const { code, result, stderr } = await batch(world, [file, '--name', 'm', '--wait']);
    expect({ code, ...result }).toMatchObject({ code: 0, completed: 3 });
    expect(stderr).toBe(`enqueuing the rows of ${file}\nbatch m: waiting until 3 rows are settled\n`);
  });

  test('jobs that were removed by hand are reported as missing, and the wait ends', async ({ world }) => {
    const producer = world.producerProcess([
      'batch',
      'test.row',
      await world.file('rows.ndjson', lines(5)),
      '--wait',
      '--json',
    ]);
    await until('five jobs to wait', async () => (await waiting(world)) === 5);
    await world.queue('rows').drain();
    const { code, stdout } = await producer.ended;
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ added: 5, completed: 0, failed: 0, missing: 5 });
  });
});

describe('interrupted', () => {
  test('while it waits for more input: the rows that were read are added, exit 75', async ({ world }) => {
    const running = world.producerProcess(['batch', 'test.row', '-', '--format', 'ndjson', '--json'], 'keep open');
    running.write(lines(2_100));
    await until('two chunks to be added', async () => (await waiting(world)) >= 2_000);
    running.kill('SIGTERM');
    const { code, stdout } = await running.ended;
    expect(code).toBe(75);
    expect(JSON.parse(stdout)).toMatchObject({ added: await waiting(world), rejected: 0, interrupted: true });
  });

  test('while it waits for jobs to settle: the rows that were read are added and reported, exit 75', async ({
    world,
  }) => {
    const running = world.producerProcess(
      ['batch', 'test.row', '-', '--format', 'ndjson', '--json', '--wait'],
      lines(3_000),
    );
    await until('jobs to be added', async () => (await waiting(world)) >= 3_000);
    running.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    expect(code).toBe(75);
    expect(JSON.parse(stdout)).toMatchObject({ read: 3_000, added: 3_000, interrupted: true });
    expect(stderr).toContain('SIGINT: stopping after the rows that are under way');
  });

  test('Redis goes away in the middle: exit 69, and the result says what was done until then', async ({ world }) => {
    const { proxy, url } = await world.proxy();
    const file = await world.file('rows.ndjson', lines(200_000));
    const running = world.producerProcess([
      'batch',
      'test.row',
      file,
      '--json',
      '--redis',
      url,
      '--redis-timeout',
      '3s',
    ]);
    await until('jobs to be added', async () => (await waiting(world)) > 2_000);
    proxy.mode = 'black-hole';
    const { code, stdout, stderr } = await running.ended;
    expect(code).toBe(69);
    expect(stderr).toMatch(/bullpen-producer: Redis at redis:\/\/127\.0\.0\.1:\d+ did not answer within 3s/);
    const { added } = JSON.parse(stdout) as { added: number };
    expect(added).toBeGreaterThan(0);
  });

  test('Redis goes away while the pipe is silent: exit 69', async ({ world }) => {
    const { proxy, url } = await world.proxy();
    const args = ['batch', 'test.row', '-', '--format', 'ndjson', '--json', '--redis', url, '--redis-timeout', '1s'];
    const running = world.producerProcess(args, 'keep open');
    running.write(lines(1_000));
    await until('a chunk to be added', async () => (await waiting(world)) === 1_000);
    proxy.mode = 'black-hole';
    running.write(lines(1_000));
    expect((await running.ended).code).toBe(69);
  });
});

describe('wrong use', () => {
  test('exit 64 and a sentence that helps', async ({ world }) => {
    const rows = await world.file('rows.ndjson', good(1));
    await mkdir(join(world.folder, 'sub.csv'));
    const cases: [args: string[], says: RegExp][] = [
      [['batch', 'test.row', join(world.folder, 'nowhere.csv')], /there is no file .*nowhere\.csv/],
      [['batch', 'test.row', join(world.folder, 'sub.csv')], /sub\.csv is a folder/],
      [
        ['batch', 'test.row', await world.file('rows.txt', '')],
        /cannot tell the format of .*rows\.txt by its name; say --format \(csv, ndjson, json\)/,
      ],
      [
        ['batch', 'test.row', rows, '--name', 'a b', '--keep', '0'],
        /--name: expected 1 to 100 .*; --keep: expected at least 1s, got 0\n/,
      ],
      [['batch', 'test.row', '-'], /the format of the standard input is unknown/],
      [['batch', 'test.row', rows, '--format', 'xml'], /--format: expected csv, ndjson, json/],
      [['batch', 'test.rwo', rows], /no job 'test\.rwo'\. Did you mean 'test\.row'\?/],
      [['batch', 'test.row', rows, '--rejects', rows], /is the source itself/],
      [['batch', 'test.row', rows, '--rejects', join(world.folder, 'no', 'such', 'folder')], /--rejects: cannot write/],
      [['batch', 'test.row', await world.file('twice.csv', 'id,id\n1,2\n')], /the CSV header names 'id' twice/],
      [['batch', 'test.row', rows, '--rejcts', 'x'], /unknown option '--rejcts'\n\(Did you mean --rejects\?\)/],
      [['btach', 'test.row', rows], /unknown command 'btach'\n\(Did you mean batch\?\)/],
      [['batches', 'shw', 'x'], /^bullpen-producer: batches: no such command 'shw'\. Did you mean 'show'\?/],
      [['batch', 'test.row'], /^bullpen-producer: missing required argument 'source'/],
      [['enqueue', 'test.row'], /--data: give the payload as JSON/],
      [['enqueue', 'test.row', '--data', '{}', '--delay', 'soon'], /--delay: expected a duration such as '30s'/],
      [
        ['queues', '--redis', 'http://x', '--prefix', 'a:b'],
        /--redis: expected redis:\/\/.*; --prefix: expected 1 to 100/,
      ],
    ];
    for (const [args, says] of cases) {
      const { code, stderr, stdout } = await world.producerProcess(args).ended;
      expect(stderr, args.join(' ')).toMatch(says);
      expect({ code, stdout }, args.join(' ')).toMatchObject({ code: 64 });
    }
  }, 120_000);

  test('modules that cannot be used', async ({ world }) => {
    const run = async (module: string) => {
      const args = ['enqueue', 'x', '--data', '{}', '--jobs', module];
      return world.command('bullpen-producer', args, {}).ended;
    };
    const broken = await world.file('broken.mjs', 'export const a = ;');
    const empty = await world.file('empty.mjs', 'export const a = 1;');
    expect(await run(join(world.folder, 'none.mjs'))).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/there is no file/),
    });
    expect(await run(broken)).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/cannot load .*broken\.mjs:1:18: /),
    });
    expect(await run(empty)).toMatchObject({ code: 64, stderr: expect.stringMatching(/exports no job/) });
  });

  test('help and version exit 0', async ({ world }) => {
    for (const args of [['--help'], ['--version'], ['batch', '--help'], ['help', 'enqueue']]) {
      const { code, stdout } = await world.command('bullpen-producer', args, {}).ended;
      expect(code).toBe(0);
      expect(stdout).not.toBe('');
    }
  });
});

describe('enqueue and queues', () => {
  test('enqueue: added, duplicate, invalid payload 65, Redis away 69', async ({ world }) => {
    const enqueue = (data: string, ...more: string[]) =>
      world.producerProcess(['enqueue', 'test.row', '--data', data, ...more]).ended;
    expect(await enqueue(good(1), '--key', 'k')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^added k-k-/),
    });
    expect(await enqueue(good(1), '--key', 'k', '--json')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"status":"duplicate"'),
    });
    expect(await enqueue('{"id":1}')).toMatchObject({
      code: 65,
      stderr: expect.stringMatching(/payload of test\.row: email: /),
    });
    const away = ['--redis-timeout', '200ms'];
    const unavailable = world.command('bullpen-producer', ['queues', '--redis', 'redis://127.0.0.1:1', ...away], {});
    expect(await unavailable.ended).toMatchObject({
      code: 69,
      stderr: expect.stringMatching(/was not available within 200ms: .*ECONNREFUSED/),
    });
  });

  test('queues: counts per queue and state', async ({ world }) => {
    const producer = world.producer();
    await producer.enqueue(row, { id: 1, email: 'a@example.com' });
    await producer.enqueue(row, { id: 2, email: 'a@example.com' }, { delay: '1h' });
    const { id } = await producer.enqueue(row, { id: 3, email: 'a@example.com' });
    expect((await world.producerProcess(['cancel', row.name, id]).ended).stdout).toBe(`cancelled ${id}\n`);
    const { stdout } = await world.producerProcess(['queues', '--json']).ended;
    expect(JSON.parse(stdout)).toEqual([
      {
        ...{ queue: 'rows', paused: false, waiting: 1, prioritized: 0, delayed: 1, active: 0, completed: 0, failed: 0 },
        ...{ waitingChildren: 0, failedRows: 0, cancelled: 1, failedTrimmed: 0 },
      },
    ]);
    const plain = await world.producerProcess(['queues']).ended;
    expect(plain.stdout).toContain('rows\t1\t0\t1\t0\t0\t0\t0\t0\t1\n');
  });
});
