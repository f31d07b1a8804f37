import { chmod, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepUnpacked, keptUnpacked, type Place } from './apt-unpacked.js';

let place: Place;

beforeEach(async () => {
  place = { folder: await mkdtemp(join(tmpdir(), 'apt-unpacked-')), system: 'bookworm-x64' };
});

afterEach(async () => {
  await rm(place.folder, { recursive: true });
});

/** Makes a tree as packages would, with a program that prints its version as redis-server does. */
async function unpack(workFolder: string, script = '#!/bin/sh\necho "Redis server v=9.8.7 sha=0"\n'): Promise<string> {
  const tree = join(workFolder, 'tree');
  await mkdir(join(tree, 'usr/bin'), { recursive: true });
  await mkdir(join(tree, 'usr/lib/x86_64-linux-gnu'), { recursive: true });
  await writeFile(join(tree, 'usr/lib/x86_64-linux-gnu/liblzf.so.1'), '');
  await writeFile(join(tree, 'usr/bin/redis-server'), script);
  await chmod(join(tree, 'usr/bin/redis-server'), 0o755);
  return tree;
}

describe.skipIf(process.platform === 'win32')('unpacked packages', () => {
  it('are found again, with their libraries', async () => {
    expect(await keptUnpacked(place)).toBeUndefined();
    const kept = await keepUnpacked(place, unpack);
    expect(kept.folder).toBe(join(place.folder, 'bookworm-x64-9.8.7'));
    expect(kept.program.libraryFolders).toEqual([join(kept.folder, 'usr/lib/x86_64-linux-gnu')]);
    expect(await keptUnpacked(place)).toEqual(kept);
    expect(await readdir(place.folder)).toEqual(['bookworm-x64-9.8.7']);
  });

  it('are shared by two runs at the same time', async () => {
    const [one, other] = await Promise.all([keepUnpacked(place, unpack), keepUnpacked(place, unpack)]);
    expect(one).toEqual(other);
    expect(await readdir(place.folder)).toEqual(['bookworm-x64-9.8.7']);
  });

  it('are not used for another system', async () => {
    await keepUnpacked(place, unpack);
    expect(await keptUnpacked({ ...place, system: 'trixie-x64' })).toBeUndefined();
  });

  it('are not kept unless they run', async () => {
    const broken = keepUnpacked(place, (workFolder) => unpack(workFolder, '#!/bin/sh\nexit 1\n'));
    await expect(broken).rejects.toThrow('does not run');
    expect(await readdir(place.folder)).toEqual([]);
  });

  it('are removed when they no longer run', async () => {
    const { program } = await keepUnpacked(place, unpack);
    await rm(program.binary);
    expect(await keptUnpacked(place)).toBeUndefined();
    expect(await readdir(place.folder)).toEqual([]);
  });

  it('are removed when a killed run left them unfinished, but not while another run may use them', async () => {
    await mkdir(join(place.folder, '.unfinished-old'));
    await mkdir(join(place.folder, '.unfinished-young'));
    const twoHoursAgo = Date.now() / 1_000 - 7_200;
    await utimes(join(place.folder, '.unfinished-old'), twoHoursAgo, twoHoursAgo);
    await keepUnpacked(place, unpack);
    expect(await readdir(place.folder)).toEqual(['.unfinished-young', 'bookworm-x64-9.8.7']);
  });
});
