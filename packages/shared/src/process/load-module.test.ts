import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ModuleInvalid } from '../job/errors.js';
import { loadModule } from './load-module.js';

/** A file of its own for this test, with `text` in it. */
async function fileWith(text: string, name = 'module.mjs'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bullpen-load-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

/** The message of the refusal to load `path`. */
const refusalOf = (path: string): Promise<string> =>
  loadModule(path, '--jobs').then(
    () => 'was loaded',
    (error: unknown) => {
      expect(error).toBeInstanceOf(ModuleInvalid);
      return (error as ModuleInvalid).message;
    },
  );

describe('loadModule', () => {
  it('returns all exports, the default one among them', async () => {
    const path = await fileWith("export const a = 1; export const b = [2]; export default 'three';");
    const exported = await loadModule(path, '--jobs');
    expect(exported).toHaveLength(3);
    expect(exported).toEqual(expect.arrayContaining([1, [2], 'three']));
  });

  it('says which option named a file that is not there', async () => {
    expect(await refusalOf('no/such/jobs.js')).toMatch(/^--jobs: there is no file \/.*no\/such\/jobs\.js$/);
  });

  it('does not take a folder for a module', async () => {
    expect(await refusalOf(tmpdir())).toMatch(/^--jobs: .* is not a file; name the module itself$/);
  });

  it('says what is wrong with a module that cannot be read', async () => {
    expect(await refusalOf(await fileWith('export const a = ;'))).toMatch(
      /^--jobs: could not load .*(SyntaxError|Unexpected token)/s,
    );
  });

  it('says what a module threw while it was loaded, and keeps it as the cause', async () => {
    const path = await fileWith("throw new RangeError('no licence');");
    expect(await refusalOf(path)).toMatch(
      /^--jobs: could not load .*module\.mjs: RangeError: no licence \(at file:.*:\d+\)$/,
    );
    await expect(loadModule(path, '--jobs')).rejects.toMatchObject({ cause: { message: 'no licence' } });
  });

  it('names the import that a module could not find', async () => {
    expect(await refusalOf(await fileWith("import './not-there.mjs';"))).toMatch(/could not load .*not-there\.mjs/s);
  });

  it('says what to do about TypeScript where Node cannot load it', async () => {
    // What Node 20 throws for `import './jobs.ts'`, thrown by hand: newer ones load it.
    const unknown = "Object.assign(new TypeError('Unknown file extension'), { code: 'ERR_UNKNOWN_FILE_EXTENSION' })";
    expect(await refusalOf(await fileWith(`throw ${unknown};`))).toMatch(
      /^--jobs: could not load .*: Node \d+\.\d+\.\d+ does not load this kind of file; build it to JavaScript first/,
    );
  });
});
