import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { redisEnvironment } from '../environment.js';
import { briefly } from '../errors.js';
import type { RedisProgram } from '../redis-program.js';

const unfinishedPrefix = '.unfinished-';
const unfinishedMaxAgeMs = 3_600_000;

/** The folder of unpacked packages, and the system that they are for. */
export interface Place {
  readonly folder: string;
  /** `bookworm-x64`. Machines that need different binaries may share a home folder. */
  readonly system: string;
}

/** A Redis unpacked from packages, and its folder. */
export interface UnpackedRedis {
  readonly folder: string;
  readonly program: RedisProgram;
}

/** Finds the Redis that an earlier run unpacked here, if it still runs. */
export async function keptUnpacked({ folder, system }: Place): Promise<UnpackedRedis | undefined> {
  const entries = await readdir(folder).catch(() => []);
  for (const entry of entries.filter((name) => name.startsWith(`${system}-`))) {
    const kept = join(folder, entry);
    const program = await programIn(kept);
    if (await versionOf(program).catch(() => undefined)) return { folder: kept, program };
    await rm(kept, { recursive: true, force: true });
  }
  return undefined;
}

/**
 * Lets `fill` unpack a Redis, and keeps it. The folder appears under its name complete or not at
 * all. A run that is killed leaves an unfinished folder, which a later run removes. Of two runs at
 * the same time the second uses the folder of the first.
 */
export async function keepUnpacked(
  { folder, system }: Place,
  fill: (workFolder: string) => Promise<string>,
): Promise<UnpackedRedis> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new Error(`no cache folder (${briefly(error)}); XDG_CACHE_HOME may name another`, { cause: error });
  });
  await removeUnfinished(folder);
  const workFolder = await mkdtemp(join(folder, unfinishedPrefix));
  try {
    const unpacked = await fill(workFolder);
    const version = await versionOf(await programIn(unpacked));
    const kept = join(folder, `${system}-${version}`);
    await rename(unpacked, kept).catch(async (error: unknown) => {
      if ((await stat(kept).catch(() => undefined)) === undefined) throw error;
    });
    return { folder: kept, program: await programIn(kept) };
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
}

async function removeUnfinished(folder: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(unfinishedPrefix)) continue;
    const unfinished = join(folder, entry);
    const changedAt = await stat(unfinished).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    );
    // Another run may still use a younger one.
    if (Date.now() - changedAt > unfinishedMaxAgeMs) await rm(unfinished, { recursive: true, force: true });
  }
}

/** Finds the server in an unpacked tree, and all folders of the tree with shared libraries. */
async function programIn(root: string): Promise<RedisProgram> {
  const libraryFolders: string[] = [];
  for (const base of ['lib', 'usr/lib']) {
    // Debian keeps libraries one level down, in a folder named for the architecture.
    for (const entry of await readdir(join(root, base), { withFileTypes: true }).catch(() => [])) {
      const folder = join(root, base, entry.name);
      const files = entry.isDirectory() ? await readdir(folder) : [];
      if (files.some((file) => file.includes('.so'))) libraryFolders.push(folder);
    }
  }
  return { binary: join(root, 'usr/bin/redis-server'), libraryFolders };
}

async function versionOf({ binary, libraryFolders }: RedisProgram): Promise<string> {
  const env = redisEnvironment(libraryFolders);
  const { stdout } = await execa(binary, ['--version'], { env, stdin: 'ignore', timeout: 5_000 }).catch(
    (error: unknown) => {
      throw new Error(`the unpacked redis-server does not run: ${briefly(error)}`, { cause: error });
    },
  );
  return /\bv=(\S+)/.exec(stdout)?.[1] ?? 'unknown';
}
