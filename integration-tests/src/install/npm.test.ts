import { beforeAll, describe, expect, inject, it } from 'vitest';
import { type App, emptyApp } from './app.js';
import { FIRST_JOB, firstJob, GUIDE, TYPES } from './first-job.js';

const parent = inject('parent');

describe('an empty app with npm and strict engines', () => {
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
    expect(await app.follow(GUIDE, 'Jest')).toMatch(/Tests: +2 passed/);
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
