import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findRedisProgram } from '@bullpen/dev-redis';
import { createProducer } from '@bullpen/producer';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Attached } from '../support/attached.js';
import { BIN } from '../support/command.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { DocumentCheck } from './check-documents.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const RECIPES = 'docs/recipes.md';
const HERE = fileURLToPath(new URL('.', import.meta.url));
/** Nothing of ours: the tests of the page start a Redis of their own. */
const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
const documents = ['README.md', RECIPES].map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

let check: DocumentCheck;
let folder: string;
let redis: RedisServer;
beforeAll(async () => {
  check = await DocumentCheck.begin(documents);
});
afterAll(() => check.end());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bullpen-docs-'));
  redis = await RedisServer.start(await findRedisProgram(), folder);
});
afterEach(async () => {
  await redis.kill();
  await rm(folder, { recursive: true, force: true });
});

/** A program of the page that runs until it gets a signal. */
class Program extends Attached {
  constructor(file: string) {
    super(process.execPath, [check.built(RECIPES, file)], undefined, {
      env: { ...env, REDIS_URL: redis.url, PORT: '0' },
      extendEnv: false,
      forceKillAfterDelay: false,
    });
  }

  stop(): void {
    this.process.kill('SIGTERM');
  }
}

async function queueCounts() {
  const producer = createProducer({ redis: redis.url });
  try {
    return await producer.queues();
  } finally {
    await producer.close();
  }
}

test('the example of the README does what the README says', async () => {
  const run = async (file: string, args: readonly string[] = []) => {
    const program = [
      file.startsWith('bullpen-') ? BIN[file as keyof typeof BIN] : check.built('README.md', file),
      ...args,
    ];
    return execa(process.execPath, program, { env: { ...env, REDIS_URL: redis.url }, extendEnv: false });
  };
  expect((await run('enqueue.ts')).stdout).toMatch(/^added k-inv_1042-/);
  expect((await run('enqueue.ts')).stdout).toMatch(/^duplicate k-inv_1042-/);
  const gone = JSON.stringify({ invoice: 'inv_1', email: 'x@gone.example' });
  await run('bullpen-producer', [
    'enqueue',
    'invoice.send',
    '--jobs',
    check.built('README.md', 'jobs.ts'),
    '--data',
    gone,
  ]);
  const { stdout } = await run('bullpen-worker', [
    '--handlers',
    check.built('README.md', 'handlers.ts'),
    '--until-empty',
  ]);
  const log = stdout.split('\n').map((line) => JSON.parse(line) as { msg: string });
  const about = (message: string) => log.find(({ msg }) => msg === message);
  expect(about('invoice sent')).toMatchObject({ invoice: 'inv_1042', email: 'ada@example.com', attempt: 1 });
  expect(about('job rejected')).toMatchObject({ job: 'invoice.send', attempt: 1 });
});

test('Fastify: a request becomes one job, and SIGTERM ends the app with nothing left open', async () => {
  const program = new Program('app.ts');
  await program.printed('Server listening at');
  const [, address] = /Server listening at ([^"]+)/.exec(JSON.stringify(program.log)) ?? [];
  const post = () =>
    fetch(`${address}/invoices`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ invoice: 'inv_1', email: 'ada@example.com' }),
    });
  const answers = [await post(), await post()];
  expect(answers.map(({ status }) => status)).toEqual([202, 202]);
  const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as { status: string }[];
  expect(bodies.map(({ status }) => status)).toEqual(['added', 'duplicate']);
  expect((await fetch(`${address}/readyz`)).status).toBe(200);
  await program.logged('invoice sent');
  program.stop();
  expect((await program.ended).code).toBe(0);
  expect(program.log.at(-1)).toMatchObject({ msg: 'worker stopped', cutOff: 0 });
  expect(await queueCounts()).toMatchObject([{ active: 0, completed: 1 }]);
});

test('Nest: the job is done, and SIGTERM drains the worker before the process ends', async () => {
  const program = new Program('nest.ts');
  await until('the job to be completed', async () => (await queueCounts())[0]?.completed === 1);
  program.stop();
  const { signal, stdout } = await program.ended;
  expect(signal).toBe('SIGTERM');
  expect(stdout).toContain('worker stopped: 0 jobs handed back, 0 cut off');
});

test('fan-out: an attempt that is repeated enqueues nothing twice', async () => {
  const repeat = `
    import { testContext } from '@bullpen/worker';
    import { issues } from '${check.built(RECIPES, 'newsletter.ts')}';
    const payload = { issue: '1', readers: ['ada@example.com', 'grace@example.com'] };
    for (const attempt of [1, 2]) await issues(payload, testContext({ jobId: 'j-1', attempt }));
    process.exit();`;
  await execa(process.execPath, ['--input-type=module', '--eval', repeat], {
    cwd: HERE,
    env: { REDIS_URL: redis.url },
  });
  expect(await queueCounts()).toContainEqual(expect.objectContaining({ queue: 'mail', waiting: 2 }));
});

test('the tests of the page pass, in vitest and in Node', async () => {
  const cwd = dirname(check.built(RECIPES, 'app.ts'));
  // Without it vitest would find the configuration of this repository.
  await writeFile(join(cwd, 'vitest.config.js'), 'export default {};');
  const options = { cwd, env, extendEnv: false, reject: false, timeout: 60_000 } as const;
  const local = { preferLocal: true, localDir: join(ROOT, 'integration-tests') };
  const args = ['run', '--root', cwd, '--reporter', 'json', 'charge-handler', 'newsletter.test'];
  const vitest = await execa('vitest', args, { ...options, ...local });
  expect(JSON.parse(vitest.stdout)).toMatchObject({ numPassedTests: 2, numFailedTests: 0, success: true });
  const node = await execa(process.execPath, ['--test', 'newsletter.node.test.js'], options);
  expect(`${node.exitCode} ${node.stdout}`).toMatch(/^0 [\s\S]*pass 1/);
});
