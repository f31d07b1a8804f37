import { access, constants, stat } from 'node:fs/promises';
import { basename, delimiter, resolve } from 'node:path';
import type { Note, WayResult } from '../dev-redis.js';
import type { Environment } from '../environment.js';
import { briefly } from '../errors.js';
import { startSupervised } from '../supervised.js';

/** The names of the server's program; the first is preferred. */
export const redisNames = ['redis-server', 'valkey-server'];
const startLimitMs = 30_000;

/** Runs the Redis or Valkey that this machine has on PATH. */
export async function startFromPath({ path }: Environment, note: Note): Promise<WayResult> {
  const binary = await findOnPath(redisNames, path);
  if (binary === undefined) return { reason: `neither ${redisNames.join(' nor ')} is on PATH`, tell: false };
  try {
    const task = { run: 'program', program: { binary, libraryFolders: [] } } as const;
    const { version, ...redis } = await startSupervised({ task, startLimitMs, note });
    return { redis: { ...redis, way: 'path', description: `${basename(binary)} ${version} from PATH (${binary})` } };
  } catch (error) {
    return { reason: `${binary} did not start: ${briefly(error)}`, tell: true };
  }
}

/**
 * Finds the first of these programs on a search path and returns its absolute path. An earlier name
 * wins over an earlier folder.
 */
export async function findOnPath(programs: readonly string[], path: string): Promise<string | undefined> {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  for (const program of programs) {
    // For a shell, an empty entry means the current folder. We run no program from there.
    for (const folder of path.split(delimiter).filter((entry) => entry !== '')) {
      const candidate = resolve(folder, program + suffix);
      if (await isProgram(candidate)) return candidate;
    }
  }
  return undefined;
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
