import { readdir, readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { type FoundImport, readImports } from './read-imports.js';

/** All paths are relative to the repository, with `/` between their parts. */
export interface SourceTree {
  readonly files: ReadonlyMap<string, SourceFile>;
  readonly packages: readonly Package[];
}

interface SourceFile {
  readonly path: string;
  /** The folder of the package that the file belongs to. */
  readonly home: string;
  readonly imports: readonly Import[];
}

export interface Import extends FoundImport {
  /** The file of this tree that is imported. */
  readonly file: string | undefined;
  /** `file`, and the files that its names come from where `file` only passes them on. */
  readonly origins: readonly string[];
}

interface Package {
  readonly name: string;
  readonly folder: string;
  /** Specifier to file: `@bullpen/shared/internal` is `packages/shared/src/internal.ts`. */
  readonly doors: ReadonlyMap<string, string>;
}

const ROOTS = ['packages', 'examples', 'integration-tests', 'bench'];
const NOT_SOURCES = new Set(['node_modules', 'dist', 'data']);
const SOURCE = /\.[cm]?[jt]s$/;

/** Reads every source file of the repository, and what it imports. */
export async function readTree(repository: string): Promise<SourceTree> {
  const paths = (await Promise.all(ROOTS.map((root) => listFiles(repository, root)))).flat().sort();
  const read = (path: string): Promise<string> => readFile(posix.join(repository, path), 'utf8');
  const manifests = paths.filter((path) => posix.basename(path) === 'package.json');
  const packages = await Promise.all(manifests.map(async (path) => toPackage(posix.dirname(path), await read(path))));

  const found = new Map<string, FoundImport[]>();
  for (const path of paths.filter((path) => SOURCE.test(path))) found.set(path, readImports(path, await read(path)));

  const doors = new Map(packages.flatMap((one) => [...one.doors]));
  const locate = (from: string, specifier: string): string | undefined =>
    specifier.startsWith('.') ? fileBehind(posix.join(posix.dirname(from), specifier), found) : doors.get(specifier);
  const origins = (file: string, names: readonly string[]): string[] => {
    const passedOn = (found.get(file) ?? []).filter(
      ({ isExport, names: given }) =>
        isExport && (names.includes('*') || given.includes('*') || given.some((name) => names.includes(name))),
    );
    return passedOn.map(({ specifier }) => locate(file, specifier)).filter((origin) => origin !== undefined);
  };

  const files = new Map<string, SourceFile>();
  for (const [path, all] of found) {
    const imports = all.map((one): Import => {
      const file = locate(path, one.specifier);
      return { ...one, file, origins: file === undefined ? [] : [file, ...origins(file, one.names)] };
    });
    files.set(path, { path, home: homeOf(path, packages), imports });
  }
  return { files, packages };
}

async function listFiles(repository: string, folder: string): Promise<string[]> {
  const entries = await readdir(posix.join(repository, folder), { withFileTypes: true }).catch(() => []);
  const lists = entries.map(async (entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) return NOT_SOURCES.has(entry.name) ? [] : await listFiles(repository, path);
    return SOURCE.test(path) || entry.name === 'package.json' ? [path] : [];
  });
  return (await Promise.all(lists)).flat();
}

function toPackage(folder: string, manifest: string): Package {
  const { name, exports = {} } = JSON.parse(manifest) as { name: string; exports?: Record<string, unknown> };
  const doors = new Map<string, string>();
  for (const [door, target] of Object.entries(exports)) {
    const built = typeof target === 'string' ? target : (target as { default: string }).default;
    const source = posix.join(folder, built).replace('/dist/', '/src/').replace(/\.js$/, '.ts');
    doors.set(posix.join(name, door), source);
  }
  return { name, folder, doors };
}

/** Sources name what they import as it is called once it is built: `.js`. */
function fileBehind(path: string, files: ReadonlyMap<string, unknown>): string | undefined {
  return [path, path.replace(/js$/, 'ts'), path.replace(/\.js$/, '.d.ts')].find((candidate) => files.has(candidate));
}

function homeOf(path: string, packages: readonly Package[]): string {
  const around = packages.map(({ folder }) => folder).filter((folder) => path.startsWith(`${folder}/`));
  return around.sort((a, b) => b.length - a.length)[0] ?? '';
}
