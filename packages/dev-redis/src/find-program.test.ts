import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEnvironment } from './environment.js';
import { DevRedisUnavailable } from './errors.js';
import { findProgramIn } from './find-program.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'find-program-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe.skipIf(process.platform === 'win32')('findRedisProgram', () => {
  it('finds the server on PATH', async () => {
    const binary = join(folder, 'redis-server');
    await writeFile(binary, '');
    await chmod(binary, 0o755);
    expect(await findProgramIn(readEnvironment({ PATH: folder }))).toEqual({ binary, libraryFolders: [] });
  });

  it('says where it looked, and what to install, when there is none', async () => {
    // With nothing on PATH there is no apt-get either.
    const error = await findProgramIn(readEnvironment({ PATH: folder })).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DevRedisUnavailable);
    expect((error as DevRedisUnavailable).tried.map(({ way }) => way)).toEqual(['path', 'apt']);
  });
});
