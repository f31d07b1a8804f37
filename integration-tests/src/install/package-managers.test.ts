import { readFile } from 'node:fs/promises';
import { describe, expect, inject, it } from 'vitest';
import { emptyApp } from './app.js';
import { FIRST_JOB, firstJob, GUIDE, TYPES } from './first-job.js';
import { PACK } from './ground.setup.js';

const parent = inject('parent');

/** Logs a line as on a terminal. */
const LOG_ON_TERMINAL = `node -e "
  Object.assign(process.stdout, { isTTY: true, hasColors: () => false });
  require('@bullpen/shared').createLogger().info('hello');
"`;

it.each(['README.md', GUIDE])('%s packs the packages with the line that these tests use', async (page) => {
  expect(await readFile(new URL(`../../../${page}`, import.meta.url), 'utf8')).toContain(`\n${PACK}`);
});

describe('an empty app', () => {
  it.each(['pnpm', 'Yarn'])('with %s does its first job, and logs readable lines', async (heading) => {
    const app = await emptyApp(parent, `with-${heading}`);
    await app.follow(GUIDE, heading);
    await app.files('README.md', 'Install', '.');
    await app.write('src/types.ts', TYPES);
    expect(await firstJob(app)).toMatch(FIRST_JOB);
    expect(await app.run(LOG_ON_TERMINAL)).toMatch(/INFO: hello/);
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
