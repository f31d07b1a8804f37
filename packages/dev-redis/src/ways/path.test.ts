import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findOnPath } from './path.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'find-on-path-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

async function program(folder: string, name: string, mode = 0o755): Promise<string> {
  const file = join(root, folder, name);
  await mkdir(join(root, folder), { recursive: true });
  await writeFile(file, '');
  await chmod(file, mode);
  return file;
}

describe.skipIf(process.platform === 'win32')('findOnPath', () => {
  it('finds the program in the first folder that has it', async () => {
    const path = ['missing', 'a', 'b'].map((folder) => join(root, folder)).join(delimiter);
    const inA = await program('a', 'redis-server');
    await program('b', 'redis-server');
    expect(await findOnPath(['redis-server'], path)).toBe(inA);
  });

  it('prefers an earlier name in a later folder', async () => {
    const path = ['a', 'b'].map((folder) => join(root, folder)).join(delimiter);
    await program('a', 'valkey-server');
    const redis = await program('b', 'redis-server');
    expect(await findOnPath(['redis-server', 'valkey-server'], path)).toBe(redis);
  });

  it('ignores folders, and files that cannot run', async () => {
    const path = ['a', 'b'].map((folder) => join(root, folder)).join(delimiter);
    await mkdir(join(root, 'a', 'redis-server'), { recursive: true });
    await program('b', 'redis-server', 0o644);
    expect(await findOnPath(['redis-server'], path)).toBeUndefined();
  });

  it('does not search the current folder for an empty entry', async () => {
    expect(await findOnPath(['package.json', 'README.md'], `${delimiter}${delimiter}`)).toBeUndefined();
  });
});
