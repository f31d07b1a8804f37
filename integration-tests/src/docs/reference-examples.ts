import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BindingPattern, parseSync } from 'oxc-parser';
import { readImports } from '../repo/architecture/read-imports.js';
import { type CodeBlock, readCodeBlocks } from './code-blocks.js';
import { folderOf, type TypedBlock } from './typed-blocks.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** The packages that the API reference has a page for. */
const PACKAGES = ['shared', 'producer', 'worker', 'dashboard', 'dev-redis'];
/** What examples mean by `producer`, `sendInvoice` and so on. */
const WORLD = 'integration-tests/src/docs/reference-world.ts';
/** These listen on a port of their own, which may be taken on this machine. */
const LISTENS = /\b(startDashboard|serveHealth)\(/;

/** The address that examples write. Here it is that of a private Redis: `redis` of the world. */
const ADDRESS = "'redis://127.0.0.1:6379'";

/** A name that an example may use without importing it. */
interface Known {
  readonly name: string;
  readonly from: string;
}

/**
 * Makes a file of each example on a page of the API reference. What an example takes from our
 * packages or from {@link WORLD} it does not import itself, because readers would see little else.
 */
export function toExampleFiles(page: string, markdown: string): TypedBlock[] {
  const own = PACKAGES.filter((name) => page.endsWith(`/${name}.md`));
  const known = [...new Set([...own, ...PACKAGES])].flatMap((folder) =>
    exportsOf(`packages/${folder}/src/index.ts`, `@bullpen/${folder}`),
  );
  const world = exportsOf(WORLD, './world.js');
  return readCodeBlocks(page, markdown).map((block) => toFile(block, [...known, ...world]));
}

/** The file that the examples of a page take their world from. */
export function worldFile(page: string): { readonly path: string; readonly text: string } {
  return { path: `${folderOf(page)}/world.ts`, text: readFileSync(`${ROOT}${WORLD}`, 'utf8') };
}

function toFile(block: CodeBlock, known: readonly Known[]): TypedBlock {
  const { document, line } = block;
  const text = block.text.replaceAll(`redis: ${ADDRESS}`, 'redis');
  const own = new Set(declaredIn(text));
  const used = known.filter(({ name }) => !own.has(name) && isUsed(name, text));
  // The first package that exports a name.
  const taken = used.filter(({ name }, at) => used.findIndex((one) => one.name === name) === at);
  const imports = taken.map(({ name, from }) => `import { ${name} } from '${from}';`).join(' ');
  return {
    block,
    path: `${folderOf(document)}/line-${line}.ts`,
    text: `${imports}\n${text}\nexport {};\n`,
    linesBefore: 1,
    runs: !LISTENS.test(text),
  };
}

/** Whether a text has this name, and not only as that of a property. */
function isUsed(name: string, text: string): boolean {
  return new RegExp(`(?<!\\w|(?<!\\.)\\.)${name}\\b`).test(text);
}

function exportsOf(file: string, from: string): Known[] {
  const text = readFileSync(`${ROOT}${file}`, 'utf8');
  const passedOn = readImports(file, text).flatMap(({ isExport, names }) => (isExport ? names : []));
  return [...passedOn, ...declaredIn(text)].map((name) => ({ name, from }));
}

/** The names that a text declares or imports itself. */
function declaredIn(text: string): string[] {
  return parseSync('text.ts', text).program.body.flatMap((statement) => {
    if (statement.type === 'ImportDeclaration') return statement.specifiers.map(({ local }) => local.name);
    const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    return declared?.type === 'VariableDeclaration' ? declared.declarations.flatMap(({ id }) => boundBy(id)) : [];
  });
}

function boundBy(pattern: BindingPattern): string[] {
  if (pattern.type === 'Identifier') return [pattern.name];
  if (pattern.type !== 'ObjectPattern') return [];
  return pattern.properties.flatMap((one) => (one.type === 'Property' ? boundBy(one.value) : []));
}
