import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { hasty } from '../fixtures/jobs.js';
import { HANDLERS, test, type World } from '../support/world.js';

const run = (world: World, args: readonly string[], env: Record<string, string> = {}) =>
  world.command('bullpen-worker', ['--redis', world.redisUrl, '--prefix', world.prefix, ...args], env).ended;

describe('bullpen-worker', () => {
  test('the ready line names queues, jobs and concurrency; flags win over the environment', async ({ world }) => {
    const args = ['--queue', 'scripted:7', '--queue', 'rows', '--concurrency', '3'];
    const worker = world.workerProcess(args, { BULLPEN_CONCURRENCY: '9', BULLPEN_DRAIN_TIMEOUT: '1s' });
    expect(await worker.logged('worker ready')).toMatchObject({
      queues: [
        { queue: 'scripted', jobs: ['test.fleeting', 'test.hasty', 'test.scripted'], concurrency: 7 },
        { queue: 'rows', jobs: ['test.row'], concurrency: 3 },
      ],
      prefix: world.prefix,
    });
  });

  test('wrong use: exit 64, and stderr names every fault and what to do', async ({ world }) => {
    const cases: [args: string[], says: RegExp, env?: Record<string, string>][] = [
      [[], /--handlers: name the module that exports your handlers/],
      [['--handlers', join(world.folder, 'none.js')], /--handlers: there is no file/],
      [['--handlers', world.folder], /is not a file; name the module itself/],
      [['--handlers', HANDLERS, '--queue', 'row'], /no handler is for queue 'row'\. Did you mean 'rows'\?/],
      [['--handlers', HANDLERS, '--queue', 'rows:0'], /--queue: expected name or name:concurrency, got 'rows:0'/],
      [
        ['--handlers', HANDLERS, '--concurency', '3'],
        /unknown option '--concurency'\n\(Did you mean --concurrency\?\)/,
      ],
      [['--handlers', HANDLERS, 'extra'], /too many arguments/],
      [
        ['--handlers', HANDLERS, '--concurrency', '0'],
        /--concurrency: expected a whole number from 1 to 10000, got '0'; BULLPEN_DRAIN_TIMEOUT: expected a duration/,
        { BULLPEN_DRAIN_TIMEOUT: 'soon' },
      ],
      [
        ['--handlers', HANDLERS],
        /BULLPEN_HEALTH_PORT: expected a port from 0 to 65535/,
        { BULLPEN_HEALTH_PORT: 'tcp://10.0.0.1:80' },
      ],
    ];
    for (const [args, says, env] of cases) {
      const { code, stderr } = await run(world, args, env);
      expect(stderr, args.join(' ')).toMatch(says);
      expect(code, args.join(' ')).toBe(64);
    }
  });

  test('refuses to start when a job on its queue has no handler, or two', async ({ world }) => {
    const shared = import.meta.resolve('@bullpen/shared');
    const worker = import.meta.resolve('@bullpen/worker');
    const head = `import { defineJob } from '${shared}'; import { handle } from '${worker}'; import { z } from '${import.meta.resolve('zod')}';
      export const a = defineJob({ name: 'a', payload: z.object({}) }); export const b = defineJob({ name: 'b', payload: z.object({}) });`;
    const missing = await world.file('missing.mjs', `${head} export const h = handle(a, () => {});`);
    const twice = await world.file(
      'twice.mjs',
      `${head} export const hs = [handle(a, () => {}), handle(a, () => {}), handle(b, () => {})];`,
    );
    expect(await run(world, ['--handlers', missing])).toMatchObject({
      code: 64,
      stderr:
        `bullpen-worker: cannot start the worker: b: is defined on queue 'default' at ${missing}:2:${head.split('\n')[1]?.lastIndexOf('defineJob(')}, but has no handler here\n`.replace(
          /:2:\d+/,
          (found) => `:2:${Number(found.slice(3)) + 1}`,
        ),
    });
    expect(await run(world, ['--handlers', twice])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('a: has two handlers'),
    });
  });

  test('a wrong definition is reported with its place and every fault', async ({ world }) => {
    const shared = import.meta.resolve('@bullpen/shared');
    const module = await world.file(
      'wrong.mjs',
      `import { defineJob } from '${shared}';\nexport const a = defineJob({ name: '1', payload: {}, timeout: 'ages' });`,
    );
    const { code, stderr } = await run(world, ['--handlers', module]);
    expect(code).toBe(64);
    expect(stderr).toMatch(
      /JobDefinitionInvalid: job '1' at \/.*wrong\.mjs:2:\d+: name: expected .*; payload: expected a Standard Schema.*; timeout: expected a duration/,
    );
  });

  test('Redis refuses us: exit 69 with the reason, and no password anywhere', async ({ world }) => {
    const { host } = new URL(world.redisUrl);
    const login = await run(world, ['--handlers', HANDLERS, '--redis', `redis://nobody:hunter2@${host}`]);
    expect(login).toMatchObject({ code: 69, stderr: expect.stringMatching(/refused us: .*WRONGPASS/) });
    expect(login.stdout + login.stderr).not.toContain('hunter2');
    const database = await run(world, ['--handlers', HANDLERS, '--redis', `redis://${host}/9999`]);
    expect(database).toMatchObject({
      code: 69,
      stderr: expect.stringMatching(/refused us: .*DB index is out of range/),
    });
  });

  test('a handler that still runs long after its deadline is logged as stuck', async ({ world }) => {
    const { id } = await world.producer().enqueue(hasty, { ends: [{ do: 'hang', heed: false }] });
    const worker = world.workerProcess(['--queue', 'scripted']);
    const stuck = await worker.logged('attempt is stuck: past its deadline and still running');
    expect(stuck).toMatchObject({ level: 50, job: 'test.hasty', jobId: id, queue: 'scripted' });
  });

  test('help and version exit 0', async ({ world }) => {
    expect(await run(world, ['--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('SIGTERM and SIGINT drain'),
    });
    expect(await run(world, ['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  test('a password in the URL is in no log line', async ({ world }) => {
    const worker = world.workerProcess(['--redis', 'redis://user:hunter2@127.0.0.1:1', '--log-level', 'trace']);
    await worker.logged('redis is unavailable; retrying');
    worker.kill('SIGTERM');
    const { code, stdout, stderr } = await worker.ended;
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain('hunter2');
    expect(stdout).toContain('redis://127.0.0.1:1');
  });
});
