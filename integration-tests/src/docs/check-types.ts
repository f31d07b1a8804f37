import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** A source that is checked: its path below the folder, and its text. */
export interface CheckedSource {
  readonly path: string;
  readonly text: string;
}

/** What the compiler says about one line of a source. */
export interface TypeFault {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** As strict as a careful app. Decorators are there for Nest. */
const OPTIONS = {
  strict: true,
  target: 'es2023',
  module: 'nodenext',
  types: ['node'],
  allowJs: true,
  checkJs: true,
  allowUnreachableCode: true,
  experimentalDecorators: true,
  skipLibCheck: true,
  noErrorTruncation: true,
};

const FAULT = /^(.+?)\((\d+),\d+\): (error .*)$/;

/**
 * Checks sources in one run of the TypeScript compiler, against the front doors of our packages as
 * an app sees them, and builds them into `out` of the folder.
 *
 * @param folder a folder below `integration-tests`, so that packages are found from there
 */
export async function checkTypes(sources: readonly CheckedSource[], folder: string): Promise<TypeFault[]> {
  for (const { path, text } of sources) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const compilerOptions = { ...OPTIONS, rootDir: '.', outDir: 'out' };
  const project = { compilerOptions, files: sources.map(({ path }) => path) };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project));
  const { stdout, stderr, failed } = await execa('tsc', ['--project', '.', '--pretty', 'false'], {
    cwd: folder,
    preferLocal: true,
    localDir: fileURLToPath(new URL('../..', import.meta.url)),
    reject: false,
  });
  const faults = stdout.split('\n').flatMap((text) => {
    const [, path, line, message] = FAULT.exec(text) ?? [];
    return path === undefined ? [] : [{ path, line: Number(line), message: String(message) }];
  });
  if (failed && faults.length === 0) throw new Error(`tsc failed: ${stdout}${stderr}`);
  return faults;
}
