import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ModuleInvalid } from '../job/errors/call-errors.js';
import { loadModule } from './load-module.js';

// vitest loads modules in its own way. What Node itself says of broken modules is tested with the
// real commands, in integration-tests/src/errors/broken-modules.test.ts.

/** A file of its own for this test, with `text` in it. */
async function fileWith(text: string, name = 'module.mjs'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bullpen-load-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

const is = (value: unknown): value is number => typeof value === 'number';
const load = (path: string) => loadModule(path, { flag: '--jobs', what: 'job', madeBy: 'defineJob()', is });

/** The message of the refusal to load `path`. */
const refusalOf = (path: string): Promise<string> =>
  load(path).then(
    () => 'was loaded',
    (error: unknown) => {
      expect(error).toBeInstanceOf(ModuleInvalid);
      return (error as ModuleInvalid).message;
    },
  );

describe('loadModule', () => {
  it('returns the exports that are wanted, each once, the default one and those in lists among them', async () => {
    const path = await fileWith(
      "export const a = 1; export const again = a; export const b = [2, 'x']; export default 3;",
    );
    expect((await load(path)).toSorted()).toEqual([1, 2, 3]);
  });

  it('says which option named a file that is not there', async () => {
    expect(await refusalOf('no/such/jobs.js')).toMatch(/^--jobs: there is no file \/.*no\/such\/jobs\.js$/);
    const file = await fileWith('');
    expect(await refusalOf(join(file, 'jobs.js'))).toMatch(/^--jobs: there is no file \/.*module\.mjs\/jobs\.js$/);
  });

  it('does not take a folder for a module', async () => {
    expect(await refusalOf(tmpdir())).toMatch(/^--jobs: .* is not a file; name the module itself$/);
  });

  it('says what a module exports that has none of what is wanted', async () => {
    expect(await refusalOf(await fileWith('export const name = "x"; export const list = [];'))).toMatch(
      /^--jobs: \/.*module\.mjs exports no job \(it exports .*name.*\); export what defineJob\(\) returns$/,
    );
    expect(await refusalOf(await fileWith('// nothing'))).toMatch(/exports no job \(it exports nothing\); export/);
  });

  it('keeps what a module threw as the cause', async () => {
    const path = await fileWith("throw new RangeError('no licence');");
    await expect(load(path)).rejects.toMatchObject({ cause: { message: 'no licence' } });
  });
});
