import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Note, WayResult } from '../dev-redis.js';
import type { Environment } from '../environment.js';
import { briefly } from '../errors.js';
import { type OsRelease, readOsRelease } from '../os-release.js';
import { startSupervised } from '../supervised.js';
import { fetchPackages } from './apt-fetch.js';
import { keepUnpacked, keptUnpacked, type UnpackedRedis } from './apt-unpacked.js';
import { findOnPath } from './path.js';

const startLimitMs = 30_000;

/**
 * Runs the distribution's own Redis from a cache folder. apt's tools download and unpack it;
 * nothing is installed.
 */
export async function startWithApt(environment: Environment, note: Note): Promise<WayResult> {
  const osRelease = await readOsRelease();
  try {
    const unpacked = await unpackedProgram(environment, osRelease, note);
    if (unpacked === undefined || osRelease === undefined) {
      return { reason: 'this is not a Debian or Ubuntu system', tell: false };
    }
    const { program, folder } = unpacked;
    const task = { run: 'program', program } as const;
    const { version, ...redis } = await startSupervised({ task, startLimitMs, note });
    const description = `redis-server ${version}, ${osRelease.name}'s package unpacked in ${tilde(folder)}`;
    return { redis: { ...redis, way: 'apt', description } };
  } catch (error) {
    return { reason: briefly(error), tell: true };
  }
}

/**
 * Finds the distribution's Redis in the cache folder, or fetches it. `undefined` on other systems
 * than Debian and Ubuntu.
 */
export async function unpackedProgram(
  { path, cacheFolder }: Environment,
  osRelease: OsRelease | undefined,
  note: Note,
): Promise<UnpackedRedis | undefined> {
  const tools = await Promise.all(['apt-get', 'dpkg-deb'].map((tool) => findOnPath([tool], path)));
  if (!osRelease?.family.includes('debian') || tools.includes(undefined)) return undefined;
  return unpackedRedis(join(cacheFolder, 'bullpen'), osRelease, note);
}

async function unpackedRedis(cacheFolder: string, osRelease: OsRelease, note: Note): Promise<UnpackedRedis> {
  const place = { folder: join(cacheFolder, 'dev-redis'), system: `${osRelease.codename}-${process.arch}` };
  const kept = await keptUnpacked(place);
  if (kept !== undefined) return kept;
  const whose = `${osRelease.name}'s own package into ${tilde(cacheFolder)}`;
  note(`no Redis here; fetching ${whose} (about 4 s, nothing is installed)`);
  return keepUnpacked(place, fetchPackages);
}

function tilde(path: string): string {
  return path.startsWith(`${homedir()}/`) ? `~${path.slice(homedir().length)}` : path;
}
