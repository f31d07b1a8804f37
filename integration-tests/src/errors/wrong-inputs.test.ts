import { writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { OwnRedis } from '../support/own-redis.js';
import { HANDLERS, test, type World } from '../support/world.js';

type Program = 'bullpen-worker' | 'bullpen-dashboard' | 'bullpen-producer';

const JOBS = ['--jobs', join(HANDLERS, '../jobs.js')];
const PACKAGE = fileURLToPath(new URL('../../package.json', import.meta.url));
const ENQUEUE = ['enqueue', 'test.row', '--data', '{"id":1,"email":"a@example.com"}', ...JOBS];

/** What a person types, and what is said: what is wrong, where, and what to do. */
const CASES: readonly (readonly [
  program: Program,
  args: readonly string[],
  code: number,
  says: string | RegExp,
  env?: Record<string, string>,
  input?: string,
])[] = [
  [
    'bullpen-producer',
    ['enque'],
    64,
    /^unknown command 'enque'\n\(Did you mean enqueue\?\)\nSee bullpen-producer --help$/,
  ],
  [
    'bullpen-producer',
    ['enqueue', 'test.row', '--data', '{}'],
    64,
    /--jobs: name the module .* \(or set BULLPEN_JOBS\)\n/,
  ],
  [
    'bullpen-producer',
    ['enqueue', 'test.rou', '--data', '{}', ...JOBS],
    64,
    /has no job 'test\.rou'\. Did you mean 'test\.row'\?/,
  ],
  [
    'bullpen-producer',
    ['enqueue', 'test.row', ...JOBS],
    64,
    /--data: give the payload as JSON, or - to read it from the/,
  ],
  [
    'bullpen-producer',
    ['enqueue', 'test.row', '--data', "{'id':1}", ...JOBS],
    65,
    /--data: is not JSON: .*position 1 \(line 1 column 2\)/,
  ],
  [
    'bullpen-producer',
    ['enqueue', 'test.row', '--data', '-', ...JOBS],
    65,
    'cannot enqueue: the standard input: is empty; expected the payload as JSON',
  ],
  [
    'bullpen-producer',
    ['enqueue', 'test.row', '--data', '-', ...JOBS],
    65,
    /the standard input: is not JSON: .*\(line 2 column 1\)$/,
    {},
    '{"id": 1,\n}',
  ],
  ['bullpen-producer', ['enqueue', 'test.row', '--data', '{}', ...JOBS], 65, /^payload of test\.row: id: .*; email: /],
  [
    'bullpen-producer',
    [...ENQUEUE, '--delay', 'soon'],
    64,
    /--delay: expected a duration such as '30s' or milliseconds, got 'soon'\n/,
  ],
  ['bullpen-producer', [...ENQUEUE, '--priority', 'high'], 64, /--priority: expected a whole number.*, got 'high'\n/],
  ['bullpen-producer', [...ENQUEUE, '--key', ''], 64, /--key: expected 1 to 1000 characters, got 0\n/],
  [
    'bullpen-producer',
    ['queues'],
    64,
    /REDIS_URL: expected a URL such as redis:\/\/host:6379\/0; to log in, with <user>:/,
    { REDIS_URL: 'localhost' },
  ],
  [
    'bullpen-producer',
    ['queues', '--redis', 'redis+cluster://localhost'],
    64,
    /^cannot use the Redis Cluster: --prefix: .*\{bullpen\}\n/,
  ],
  ['bullpen-producer', ['queues', '--redis', 'redis://h?db=3'], 64, /--redis: .* the database goes behind the \//],
  ['bullpen-worker', ['--handlers', HANDLERS, '--redis', 'redis://h?tls=true'], 64, /--redis: .* write rediss:\/\//],
  [
    'bullpen-dashboard',
    ['--port', '0'],
    64,
    /^[^2]*REDIS_URL: a '#' stands before the last '@'; in a user or a password write %23 for it\nSee/,
    { REDIS_URL: 'redis://default:42#hunter2@host' },
  ],
  ['bullpen-producer', ['queues', '--reddis=bob:hunter2@h'], 64, /^unknown option '--reddis=\*\*\*'\n/],
  ['bullpen-producer', ['queues', '--redis-timeout', '0'], 64, /--redis-timeout: expected at least 1ms, got 0\n/],
  [
    'bullpen-producer',
    ['queues', '--redis', 'redis://127.0.0.1:1', '--redis-timeout', '300ms'],
    69,
    /ECONNREFUSED 127\.0\.0\.1:1 \(nothing listens there; /,
  ],
  ['bullpen-producer', ['batch', 'test.row', 'none.csv', ...JOBS], 64, 'there is no file none.csv'],
  [
    'bullpen-producer',
    ['batches', 'shw', 'x'],
    64,
    /no such command 'shw'\. Did you mean 'show'\?\nSee bullpen-producer batches --help$/,
  ],
  ['bullpen-worker', [], 64, /--handlers: name the module that exports your handlers \(or set BULLPEN_HANDLERS\)\n/],
  [
    'bullpen-worker',
    ['--handlers', JOBS[1] ?? ''],
    64,
    /jobs\.js exports no handler \(it exports .*\); export what handle\(\) returns$/,
  ],
  [
    'bullpen-worker',
    ['--handlers', HANDLERS, '--queue', 'rowz'],
    64,
    /--queue: no handler is for queue 'rowz'\. Did you mean 'rows'\?/,
  ],
  [
    'bullpen-worker',
    ['--handlers', HANDLERS],
    64,
    /BULLPEN_CONCURRENCY: expected a whole number from 1 to 10000, got 'lots'\n/,
    { BULLPEN_CONCURRENCY: 'lots' },
  ],
  [
    'bullpen-worker',
    ['--concurrency', 'x', '--lease', 'y'],
    64,
    /--handlers: .*; --concurrency: .*got 'x'; --lease: .*got 'y'\n/,
  ],
  [
    'bullpen-worker',
    ['handlers.js'],
    64,
    /^too many arguments\. Expected 0 arguments but got 1\.\nSee bullpen-worker --help$/,
  ],
  [
    'bullpen-producer',
    [...ENQUEUE, '--priority', '-1'],
    64,
    /--priority: expected a whole number from 1 to \d+, got -1\n/,
  ],
  [
    'bullpen-producer',
    [...ENQUEUE, '--delay', '5m', '--at', '2030-01-01T00:00:00Z'],
    64,
    /--at: give either a delay or a time\n/,
  ],
  ['bullpen-producer', [...ENQUEUE, '--expires-in', '0'], 64, /--expires-in: expected at least 1ms, got 0\n/],
  ['bullpen-producer', ['enqueue', 'test.row', '--data', '', ...JOBS], 65, /--data: is empty; expected the payload/],
  [
    'bullpen-producer',
    ['enqueue', 'test.row', '--data', '@row.json', ...JOBS],
    65,
    /--data: is not JSON: .*; to read a file, write: --data - < file$/,
  ],
  ['bullpen-producer', ['enqueue', 'test.row', '--data', '{}', '--jobs', ''], 64, /--jobs: name the module /],
  [
    'bullpen-producer',
    ['enqueue', 'test.row', '--data', '{}', '--jobs', PACKAGE],
    64,
    /package\.json is no module; name a \.js, \.mjs or \.cjs file$/,
  ],
  [
    'bullpen-producer',
    ['batches', 'show', 'nope', '--prefix', 'empty'],
    64,
    "there is no batch 'nope', or its books have expired. There are none under the prefix 'empty'.",
  ],
  [
    'bullpen-producer',
    ['batch', 'test.row', HANDLERS, '--format', 'json', ...JOBS],
    64,
    /^not a JSON array after element 0: .*; expected \[row, row, …\]$/,
  ],
  [
    'bullpen-producer',
    ['batch', 'test.row', HANDLERS, '--format', 'csv', '--rejects', '/no/such/rejects', ...JOBS],
    64,
    '--rejects: cannot write /no/such/rejects: there is no folder /no/such',
  ],
  [
    'bullpen-worker',
    ['--handlers', HANDLERS, '--keep-failed', '-1'],
    64,
    /--keep-failed: expected a whole number of 1 or more, got '-1'\n/,
  ],
  [
    'bullpen-worker',
    ['--handlers', HANDLERS, '--health-port', '0', '--health-host', '192.0.2.1'],
    64,
    /^cannot open the health port: --health-host: this machine does not have the address 192\.0\.2\.1\n/,
  ],
  [
    'bullpen-dashboard',
    ['--port', '0', '--host', '192.0.2.1'],
    64,
    /^cannot start the dashboard: --host: this machine does not have the address 192\.0\.2\.1\n/,
    { BULLPEN_DASHBOARD_PASSWORD: 'twelve characters' },
  ],
  ['bullpen-dashboard', ['--port', '0', '--session', '0'], 64, /--session: expected at least 1m\n/],
  [
    'bullpen-dashboard',
    ['--port', '0', '--base-path', '/a/../b'],
    64,
    /--base-path: expected a path such as \/bullpen/,
  ],
  ['bullpen-dashboard', ['--port', '99999'], 64, /--port: expected a port from 0 to 65535, got '99999'\n/],
  [
    'bullpen-dashboard',
    ['--host', '0.0.0.0'],
    64,
    /--host: without a password the host must be a loopback address, .*; set a password\n/,
  ],
  [
    'bullpen-dashboard',
    [],
    64,
    /BULLPEN_DASHBOARD_PASSWORD: expected at least 12 characters, got 5\n/,
    { BULLPEN_DASHBOARD_PASSWORD: 'short' },
  ],
];

/** Runs a command, and returns its exit code and what it says under its own name. */
async function answer(world: World, [program, args, , , env = {}, input]: (typeof CASES)[number]) {
  const { code, stderr } = await world.command(program, args, { REDIS_URL: world.redisUrl, ...env }, input).ended;
  return { code, said: stderr.trimEnd().replace(new RegExp(`^${program}: `), '') };
}

describe('a wrong input is answered with what is wrong, where, and what to do', () => {
  for (const wrong of CASES) {
    const [program, args, code, says] = wrong;
    test(`${program} ${args.map((arg) => arg.split('/').at(-1)).join(' ')} → ${code}`, async ({ world }) => {
      const got = await answer(world, wrong);
      expect(got).toEqual({ code, said: typeof says === 'string' ? says : expect.stringMatching(says) });
    });
  }
});

describe('a module that ends the process, or never ends loading, is no success of bullpen-producer', () => {
  test.for([
    ['process.exit(0)', 'it ended the process'],
    ['await new Promise(() => {})', 'it waits for something that never comes (await)'],
  ] as const)('%s', async ([code, why], { world }) => {
    const jobs = join(world.folder, 'jobs.mjs');
    await writeFile(jobs, code);
    const args = ['enqueue', 'test.row', '--data', '{}', '--jobs', jobs];
    expect(await answer(world, ['bullpen-producer', args, 64, ''])).toEqual({
      code: 64,
      said: `--jobs: cannot load ${jobs}: ${why}`,
    });
  });
});

/** An address of this machine that other machines see. */
const OUTSIDE = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address;

describe.skipIf(OUTSIDE === undefined)('a Redis in protected mode', () => {
  const cases = [
    ['bullpen-producer', ['queues']],
    ['bullpen-worker', ['--handlers', HANDLERS, '--log-level', 'silent']],
    ['bullpen-dashboard', ['--port', '0', '--log-level', 'silent']],
  ] as const;
  test.for(cases)('is named by %s in one line, and what to do', async ([program, args], { world }) => {
    const own = await OwnRedis.start(world);
    await own.admin.config('SET', 'bind', '*');
    await own.admin.config('SET', 'protected-mode', 'yes');
    const redis = own.server.url.replace('127.0.0.1', OUTSIDE ?? '');
    const { code, said } = await answer(world, [program, [...args, '--redis', redis], 69, '']);
    expect([code, said]).toEqual([
      69,
      expect.stringMatching(/^Redis at \S+ refused us: DENIED: it is in protected mode \(.*requirepass.*\)$/),
    ]);
  });
});
