import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect } from 'vitest';
import { test, type World } from '../support/world.js';

/**
 * Broken modules, as the commands meet them. Node words its errors differently in each line, and
 * names no file in the syntax errors of ES modules; so `pnpm test:newest` runs this file, too.
 */

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const LOADS_TYPESCRIPT = major > 22 || (major === 22 && minor >= 18);

/** Writes files into the world's folder, which is an ES module's. */
async function write(world: World, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    const path = join(world.folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

/** What the command says of the module `entry`, with `.` for the folder of the files. */
async function complaint(world: World, entry: string): Promise<string> {
  const args = ['enqueue', 'x', '--data', '{}', '--jobs', join(world.folder, entry)];
  const { code, stdout, stderr } = await world.command('bullpen-producer', args, {}).ended;
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).not.toContain('/dist/');
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  return last.replaceAll(world.folder, '.').replace(/^bullpen-producer: --jobs: /, '');
}

/** Each: the files, the first of which is named on the command line, and what is said. */
const CASES: Readonly<Record<string, readonly [files: Readonly<Record<string, string>>, says: string | RegExp]>> = {
  'a syntax error': [
    { 'jobs.js': 'export const a = 1;\nexport const b = ;\n' },
    "cannot load ./jobs.js: ./jobs.js:2:18: Unexpected token ';'",
  ],
  'a syntax error in a file that an import imports': [
    {
      'jobs.js': "import './middle.js';\n",
      'middle.js': "import './lib/bad name.js';\n",
      'lib/bad name.js': 'export function f() {\n  return 1 +;\n}\n',
    },
    "cannot load ./jobs.js: ./lib/bad name.js:2:13: Unexpected token ';'",
  ],
  'a syntax error in CommonJS, imported': [
    { 'jobs.js': "import './bad.cjs';\n", 'bad.cjs': 'module.exports = { a: };\n' },
    "cannot load ./jobs.js: ./bad.cjs:1:23: Unexpected token '}'",
  ],
  'a syntax error in CommonJS, required': [
    { 'jobs.cjs': "require('./bad.cjs');\n", 'bad.cjs': '\nmodule.exports = { a: };\n' },
    "cannot load ./jobs.cjs: ./bad.cjs:2:23: Unexpected token '}'",
  ],
  'an ES module that is read as CommonJS': [
    { 'jobs.cjs': "import { a } from './a.js';\n" },
    './jobs.cjs:1:1: Cannot use import statement outside a module. Node reads this file as CommonJS: name it .mjs, or write "type": "module" into its package.json',
  ],
  'an export that an imported module does not have': [
    {
      'jobs.js': "import './middle.js';\n",
      'middle.js': "\nimport { b } from './a.js';\n",
      'a.js': 'export const a = 1;',
    },
    /: \.\/middle\.js:2:10: The requested module '\.\/a\.js' does not provide an export named 'b'$/,
  ],
  'an import of a file that is not there': [
    { 'jobs.js': "import './middle.js';\n", 'middle.js': "import './lib/goood.js';\n", 'lib/good.js': '' },
    "cannot load ./jobs.js: ./middle.js imports ./lib/goood.js, which is not there. Did you mean 'good.js'?",
  ],
  'an import without the ending': [
    { 'jobs.js': "import './good';\n", 'good.js': '' },
    /: \.\/jobs\.js imports \.\/good, which is not there\. Did you mean 'good\.js'\?$/,
  ],
  'an import from a folder that is not there': [
    { 'jobs.js': "import './lib/good.js';\n" },
    /: \.\/jobs\.js imports \.\/lib\/good\.js, which is not there; there is no folder \.\/lib$/,
  ],
  'an import of a folder': [
    { 'jobs.js': "import './lib';\n", 'lib/index.js': '' },
    /: \.\/jobs\.js imports the folder \.\/lib; name the file in it$/,
  ],
  'an import of a package that is not installed': [
    { 'jobs.js': "import 'no-such-package';\n" },
    /: \.\/jobs\.js imports the package 'no-such-package', which is not installed$/,
  ],
  'a package that CommonJS requires and that is not installed': [
    { 'jobs.cjs': "require('no-such-package');\n" },
    /: \.\/jobs\.cjs requires the package 'no-such-package', which is not installed$/,
  ],
  'an import of JSON without its type': [
    { 'jobs.js': "import data from './some data.json';\n", 'some data.json': '{}' },
    "cannot load ./jobs.js: the import of ./some data.json lacks its type; write: import … with { type: 'json' }",
  ],
  'an error that a module throws': [
    {
      'jobs.js': "import './connect.js';\n",
      'connect.js': "function connect() {\n  throw new RangeError('no licence');\n}\nconnect();\n",
    },
    'cannot load ./jobs.js: RangeError: no licence (at ./connect.js:2:9)',
  ],
  'an error that we throw in a call of the module': [
    {
      'jobs.js': `import { defineJob } from '${import.meta.resolve('@bullpen/shared')}';\n\nexport const a = defineJob({ name: '' });\n`,
    },
    /: JobDefinitionInvalid: job '' at \.\/jobs\.js:3:18: name: expected 1 to 100 letters/,
  ],
  'a module that throws no error': [{ 'jobs.js': 'throw undefined;\n' }, /: it threw undefined, which is no error$/],
  'a file of another kind': [
    { 'jobs.yaml': 'a: 1\n' },
    /: Node does not load files that end in '\.yaml' \(\.\/jobs\.yaml\): name a \.js, \.mjs or \.cjs file$/,
  ],
  'an empty file': [
    { 'jobs.js': '' },
    './jobs.js exports no job (it exports nothing); export what defineJob() returns',
  ],
};

/** The same for TypeScript, where Node loads it. */
const TYPESCRIPT: typeof CASES = {
  'a syntax error in TypeScript': [
    { 'jobs.js': "import './bad.ts';\n", 'bad.ts': '\nexport const a: number = ;\n' },
    /: \.\/bad\.ts:2:26: Expression expected/,
  ],
  'TypeScript that is more than types': [
    { 'jobs.js': "import './color.ts';\n", 'color.ts': '\nexport namespace Color { export const red = 1; }\n' },
    /: \.\/color\.ts:2:8: TypeScript namespace .*Node only removes types: build the file to JavaScript first/,
  ],
  'a .ts file that is imported as .js': [
    { 'jobs.ts': "import './good.js';\n", 'good.ts': '' },
    /: \.\/jobs\.ts imports \.\/good\.js, which is not there\. Did you mean 'good\.ts'\? \(Node finds no \.ts file under another/,
  ],
  'a type that is imported as a value': [
    { 'jobs.ts': "import { A } from './a.ts';\nexport const a: A = {};\n", 'a.ts': 'export interface A {}\n' },
    /: \.\/jobs\.ts:1:10: .* does not provide an export named 'A'\. If it is a type, write: import type$/,
  ],
};

const NO_TYPESCRIPT: typeof CASES = {
  TypeScript: [
    { 'jobs.ts': 'export const a: number = 1;\n' },
    /: Node \S+ does not load TypeScript \(\.\/jobs\.ts\): build it to JavaScript first, .* tsx .* Node 22\.18 or newer$/,
  ],
};

describe('a module that cannot be loaded is named with the file, the line and the import that is wrong', () => {
  for (const [title, [files, says]] of Object.entries({
    ...CASES,
    ...(LOADS_TYPESCRIPT ? TYPESCRIPT : NO_TYPESCRIPT),
  })) {
    test(title, async ({ world }) => {
      await write(world, files);
      const said = await complaint(world, Object.keys(files)[0] ?? '');
      if (typeof says === 'string') expect(said.endsWith(says) ? says : said).toBe(says);
      else expect(said).toMatch(says);
    });
  }

  test('the worker says it in the same words, and exits 64', async ({ world }) => {
    await write(world, { 'handlers.js': "import './bad.js';\n", 'bad.js': 'export const b = ;\n' });
    const args = ['--handlers', join(world.folder, 'handlers.js'), '--redis', world.redisUrl];
    const { code, stdout, stderr } = await world.command('bullpen-worker', args, {}).ended;
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr.replaceAll(world.folder, '.')).toBe(
      "bullpen-worker: --handlers: cannot load ./handlers.js: ./bad.js:1:18: Unexpected token ';'\n",
    );
  });
});
