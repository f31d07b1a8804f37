import { beforeAll, describe, expect, inject, it } from 'vitest';
import { type App, emptyApp } from './app.js';
import { FIRST_JOB, GUIDE } from './first-job.js';

const parent = inject('parent');

describe('an empty app in CommonJS', () => {
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
