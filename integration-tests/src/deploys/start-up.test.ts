import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect } from 'vitest';
import type { BIN } from '../support/command.js';
import { test, type World } from '../support/world.js';

/** A preload that writes down the file of each module that its process loads, in a file of `LOADED`. */
const PRELOAD = `
  import { appendFileSync } from 'node:fs';
  import Module, { register } from 'node:module';
  const hooks = \`
    import { appendFileSync } from 'node:fs';
    export async function load(url, context, next) {
      appendFileSync(process.env.LOADED, url + ' ');
      return next(url, context);
    }\`;
  register('data:text/javascript,' + encodeURIComponent(hooks));
  process.on('exit', () => appendFileSync(process.env.LOADED, Object.keys(Module._cache).join(' ')));
`;

/** The packages whose modules a command loads, and the modules that it loads of ours. */
async function loadedBy(world: World, command: keyof typeof BIN, args: readonly string[]) {
  const preload = pathToFileURL(await world.file('preload.mjs', PRELOAD)).href;
  const path = join(world.folder, 'loaded');
  const env = { NODE_OPTIONS: `--import ${preload}`, LOADED: path };
  const { code, stderr } = await world.command(command, args, env).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const files = (await readFile(path, 'utf8')).split(' ').map((file) => file.replace('file://', ''));
  const packageOf = (file: string) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
  return {
    packages: new Set(files.map(packageOf)),
    ours: [...new Set(files.filter((file) => file.endsWith('.js') && packageOf(file) === undefined))],
  };
}

const COMMANDS: readonly (readonly [keyof typeof BIN, ...string[]])[] = [
  ['bullpen-producer'],
  ['bullpen-producer', 'enqueue'],
  ['bullpen-producer', 'batches', 'export'],
  ['bullpen-worker'],
  ['bullpen-dashboard'],
];

describe('--help', () => {
  test.for(COMMANDS)(
    'of %s %s %s loads a parser of the command line, and nothing that it does not show',
    async ([command, ...path], { world }) => {
      const { packages, ours } = await loadedBy(world, command, [...path, '--help']);
      expect([...packages].sort()).toEqual([undefined, 'commander', 'ms'].sort());
      // Each costs a millisecond or two. A front door would bring a hundred.
      expect(ours.length).toBeLessThan(60);
    },
  );
});

describe('enqueue', () => {
  test('loads neither the engine of the worker, nor a logger, nor what reads files or handles batches', async ({
    world,
  }) => {
    const jobs = await world.file(
      'jobs.mjs',
      `import { defineJob } from '${import.meta.resolve('@bullpen/shared')}';
       const validate = (value) => ({ value });
       export const job = defineJob({ name: 'test.bare', payload: { '~standard': { version: 1, vendor: 'test', validate } } });`,
    );
    const args = ['enqueue', 'test.bare', '--data', '1', '--jobs', jobs, '--redis', world.redisUrl];
    const { packages, ours } = await loadedBy(world, 'bullpen-producer', [...args, '--prefix', world.prefix]);
    expect(packages).toContain('ioredis');
    expect(ours.filter((file) => /\/producer\/dist\/(manage|books)\//.test(file))).toEqual([]);
    for (const name of [
      'bullmq',
      'pino',
      'zod',
      'csv-parse',
      'csv-stringify',
      'cli-table3',
      'cli-progress',
      'prom-client',
    ])
      expect(packages).not.toContain(name);
  });
});
