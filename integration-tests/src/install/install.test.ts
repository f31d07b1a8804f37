import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { type App, emptyApp } from './app.js';
import { PACK } from './ground.setup.js';

const GUIDE = 'docs/install.md';
/** What an app prints whose first job was enqueued and done. */
const FIRST_JOB = /added k-inv_1042-[\s\S]*invoice sent/;

const parent = inject('parent');

/** Writes README's three files and types what it prints for the first job. */
async function firstJob(app: App): Promise<string> {
  await app.files('README.md', 'Define, handle, enqueue', 'src');
  return app.follow('README.md', 'Your first job');
}

it.each(['README.md', GUIDE])('%s packs the packages with the line that these tests use', async (page) => {
  expect(await readFile(new URL(`../../../${page}`, import.meta.url), 'utf8')).toContain(`\n${PACK}`);
});

describe.concurrent('an empty app', () => {
  describe.sequential('with npm and strict engines', () => {
    let app: App;
    beforeAll(async () => {
      app = await emptyApp(parent, 'npm');
    });

    it('does its first job by the lines of README alone', async () => {
      await app.follow('README.md', 'Install');
      expect(await firstJob(app)).toMatch(FIRST_JOB);
    });

    it('has the commands', async () => {
      expect(await app.run('npx bullpen-producer --version && npx bullpen-worker --version')).toMatch(
        /^(\d+\.\d+\.\d+\n?){2}$/,
      );
      expect(await app.run('npx bullpen-worker --help')).toContain('--handlers');
      expect(await app.run('npx bullpen-producer --help')).toContain('enqueue');
    });

    it.each(['7', '5.9'])('passes the checks of TypeScript %s without skipLibCheck', async (version) => {
      await app.write('src/types.ts', TYPES);
      const compiler = `../typescript-${version}`;
      await app.run(`npm install --silent --no-save --prefix ${compiler} typescript@${version}`);
      for (const module of ['--module nodenext', '--module esnext --moduleResolution bundler']) {
        expect(await app.run(`node ${compiler}/node_modules/typescript/bin/tsc --noEmit ${module}`)).toBe('');
      }
    });

    it('runs TypeScript without a build on Node 20', async () => {
      expect(await app.follow(GUIDE, 'Without a build, on Node 20')).toMatch(FIRST_JOB);
    });

    it('is tested by Jest', async () => {
      expect(await app.follow(GUIDE, 'Jest')).toMatch(/Tests: +1 passed/);
    });

    it('runs TypeScript without a build and without a tool on Node 22.18', async () => {
      for (const file of ['handlers', 'enqueue']) await app.edit(`src/${file}.ts`, './jobs.js', './jobs.ts');
      const options = ['rewriteRelativeImportExtensions', 'erasableSyntaxOnly'].map((name) => `"${name}": true,`);
      await app.edit('tsconfig.json', '"strict": true,', `"strict": true, ${options.join(' ')}`);
      expect(await app.follow(GUIDE, 'Without a build, on Node 22.18 or newer', 'stripsTypes')).toMatch(FIRST_JOB);
      await app.run('rm src/*.test.ts src/types.ts');
      expect(await app.follow('README.md', 'Your first job')).toMatch(FIRST_JOB);
    });
  });

  it.each(['pnpm', 'Yarn'])('with %s does its first job, and logs readable lines', async (heading) => {
    const app = await emptyApp(parent, `with-${heading}`);
    await app.follow(GUIDE, heading);
    await app.files('README.md', 'Install', '.');
    await app.write('src/types.ts', TYPES);
    expect(await firstJob(app)).toMatch(FIRST_JOB);
    expect(await app.run(LOG_ON_TERMINAL)).toMatch(/INFO: hello/);
  });

  describe.sequential('in CommonJS', () => {
    let app: App;
    beforeAll(async () => {
      app = await emptyApp(parent, 'commonjs');
    });

    it('does its first job', async () => {
      expect(await app.follow(GUIDE, 'CommonJS')).toMatch(FIRST_JOB);
    });

    it('does it in TypeScript, too', async () => {
      await app.run('rm src/*.js && npm install --save-dev typescript @types/node');
      await app.files('README.md', 'Install', '.');
      await app.files('README.md', 'Define, handle, enqueue', 'src');
      await app.edit('src/enqueue.ts', /^const producer[\s\S]*$/m, 'async function main() {\n$&}\nvoid main();\n');
      expect(await app.follow('README.md', 'Your first job')).toMatch(FIRST_JOB);
      expect(await app.run('cat dist/enqueue.js')).toContain('require("@bullpen/producer")');
    });
  });

  it('without optional packages logs JSON on a terminal, and says how to get readable lines', async () => {
    const app = await emptyApp(parent, 'without-optional');
    await app.run('npm init --yes && npm install --omit=optional ../bullpen/dist-packages/bullpen-shared.tgz');
    const lines = (await app.run(LOG_ON_TERMINAL)).split('\n').map((line) => JSON.parse(line).msg);
    expect(lines).toEqual([expect.stringContaining('npm install pino-pretty'), 'hello']);
  });

  it('has the dashboard on Node 22; on Node 20 npm refuses it', async () => {
    const app = await emptyApp(parent, 'dashboard', 'stripsTypes');
    await app.run('npm init --yes');
    expect(await app.follow(GUIDE, 'The dashboard')).toMatch(/\d+\.\d+\.\d+\n?$/);
    const older = await emptyApp(parent, 'dashboard-20');
    await older.run('npm init --yes');
    await expect(older.follow(GUIDE, 'The dashboard')).rejects.toThrow('EBADENGINE');
  });
});

/** Logs a line as on a terminal. */
const LOG_ON_TERMINAL = `node -e "
  Object.assign(process.stdout, { isTTY: true, hasColors: () => false });
  require('@bullpen/shared').createLogger().info('hello');
"`;

/** Mistakes that the types must refuse, beside what they must accept. All doors are imported. */
const TYPES = `
import { defineJob } from '@bullpen/shared';
import { z } from 'zod';
export type * as devRedis from '@bullpen/dev-redis';
export type * as producer from '@bullpen/producer';
export type * as internal from '@bullpen/shared/internal';
export type * as worker from '@bullpen/worker';

const payload = z.object({});
defineJob({ name: 'a', payload, timeout: '30s', expiresIn: 5_000 });
// @ts-expect-error not a duration
defineJob({ name: 'b', payload, timeout: 'banana' });
// @ts-expect-error not a duration
defineJob({ name: 'c', payload, backoff: { type: 'fixed', delay: 'soon' } });
`;
