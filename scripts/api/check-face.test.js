import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkFace } from './check-face.js';
import { ROOT, readPackage } from './packages.js';

mkdirSync(`${ROOT}scripts/api/dist`, { recursive: true });
const folder = mkdtempSync(`${ROOT}scripts/api/dist/face-`);
afterAll(() => rmSync(folder, { recursive: true }));

/** A public face of two packages, of which this is one. */
function faceWith(types) {
  const home = mkdtempSync(join(folder, 'face-'));
  for (const [name, text] of [
    ['one', types],
    ['other', '/** Nothing. */\nexport declare const nothing: undefined;\n'],
  ]) {
    mkdirSync(join(home, name, 'dist'), { recursive: true });
    writeFileSync(join(home, name, 'package.json'), JSON.stringify({ name, description: 'A package.' }));
    // Without this, a declaration is exported also when it does not say so.
    writeFileSync(join(home, name, 'dist', 'index.d.ts'), `${text}\nexport {};\n`);
  }
  const tsconfig = join(home, 'tsconfig.json');
  writeFileSync(
    tsconfig,
    JSON.stringify({
      extends: `${ROOT}scripts/api/tsconfig.json`,
      files: ['one/dist/index.d.ts', 'other/dist/index.d.ts'],
    }),
  );
  const packages = ['one', 'other'].map((name) => readPackage(join(home, name)));
  const [reports, pages] = [join(home, 'reports'), join(home, 'pages')];
  mkdirSync(reports);
  return { packages, tsconfig, reports, pages };
}

const DOCUMENTED = `/**
 * Adds one.
 * @example addOne(1)
 */
export declare function addOne(value: number): number;
`;

test('a face in which all is said has no fault, and its report and reference are written', async () => {
  const face = faceWith(DOCUMENTED);
  expect(await checkFace(face, true)).toEqual([]);
  expect(await checkFace(face, false)).toEqual([]);
  expect(readFileSync(join(face.reports, 'one.api.md'), 'utf8')).toContain('addOne(value: number): number');
  expect(readFileSync(join(face.pages, 'one.md'), 'utf8')).toContain('Adds one.');
});

test('a face that has changed is convicted, with what has changed', async () => {
  const face = faceWith(DOCUMENTED);
  await checkFace(face, true);
  writeFileSync(
    face.packages[0].door,
    DOCUMENTED.replace('value: number', 'value: bigint').replace('Adds one', 'Counts'),
  );
  expect(await checkFace(face, false)).toEqual([
    expect.stringMatching(/^one: the public face has changed:[\s\S]*\n-.*value: number[\s\S]*\n\+.*value: bigint/),
    'The API reference is out of date: one.md.',
  ]);
});

test.each([
  [
    'a name without a docstring',
    'export declare const most: number;',
    'index.d.ts:1: Missing documentation for "most". Write a docstring.',
  ],
  [
    'a property without a docstring',
    '/** It. */\nexport interface It {\n  readonly name: string;\n}',
    'Missing documentation for "name"',
  ],
  [
    'a property of a nested type without a docstring',
    '/** It. */\nexport type It = { readonly name: string };',
    'name (Property)',
  ],
  ['a function without an example', '/** Adds. */\nexport declare function add(): void;', 'one.add has no @example.'],
  ['a class without an example', '/** It. */\nexport declare class It {}', 'one.It has no @example.'],
  [
    'a parameter without a name',
    '/**\n * Adds.\n * @example add({ n: 1 })\n */\nexport declare function add({ n }: { /** n */ n: number }): void;',
    'one.add.add: give its parameter a name with @param.',
  ],
  [
    'a type that is reachable and not exported',
    '/** It. */\ninterface Hidden {}\n/** It. */\nexport declare const it: Hidden;',
    'The symbol "Hidden" needs to be exported',
  ],
  ['a link to nothing', '/** See {@link Nowhere}. */\nexport declare const it: number;', 'Nowhere'],
  [
    'a type of shared/internal',
    "import type { Exporter } from '@bullpen/shared/internal';\n/** It. */\nexport declare const it: Exporter;",
    "apps cannot import: import type { Exporter } from '@bullpen/shared/internal';",
  ],
])('%s is convicted', async (_, types, fault) => {
  expect(await checkFace(faceWith(types), true)).toContainEqual(expect.stringContaining(fault));
});
