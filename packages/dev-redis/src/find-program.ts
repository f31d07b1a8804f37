import { installAdvice } from './advice.js';
import { type Environment, readEnvironment } from './environment.js';
import { briefly, DevRedisUnavailable, type FailedWay } from './errors.js';
import { readOsRelease } from './os-release.js';
import type { RedisProgram } from './redis-program.js';
import { unpackedProgram } from './ways/apt.js';
import { findOnPath, redisNames } from './ways/path.js';

/**
 * Finds a redis-server binary: the one on PATH, else the distribution's own, unpacked into the
 * cache folder. Starts nothing. It is for tests that kill and restart Redis themselves, which they
 * could not do with a container or a URL.
 * @example
 * const { binary, libraryFolders } = await findRedisProgram();
 * const env = { LD_LIBRARY_PATH: libraryFolders.join(':') };
 * spawn(binary, ['--version'], { env, stdio: 'inherit' });
 * @throws DevRedisUnavailable when this machine has none; its message says why, and what to install
 */
export function findRedisProgram(): Promise<RedisProgram> {
  return findProgramIn(readEnvironment());
}

/** {@link findRedisProgram} in this environment. */
export async function findProgramIn(environment: Environment): Promise<RedisProgram> {
  const binary = await findOnPath(redisNames, environment.path);
  if (binary !== undefined) return { binary, libraryFolders: [] };
  const tried: FailedWay[] = [{ way: 'path', reason: `neither ${redisNames.join(' nor ')} is on PATH` }];
  const osRelease = await readOsRelease();
  try {
    const unpacked = await unpackedProgram(environment, osRelease, () => undefined);
    if (unpacked !== undefined) return unpacked.program;
    tried.push({ way: 'apt', reason: 'this is not a Debian or Ubuntu system' });
  } catch (error) {
    tried.push({ way: 'apt', reason: briefly(error) });
  }
  throw new DevRedisUnavailable(tried, installAdvice(process.platform, osRelease));
}
