import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../../../scripts/check-release.js', import.meta.url));
const REPOSITORY = 'https://github.com/acme/bullpen';

/** What stands in the way of a release, in a checkout with two packages. */
async function faultsOf(tag: string, { root = '1.2.3', worker = '1.2.3', changelog = '', repository = REPOSITORY }) {
  const folder = await mkdtemp(join(tmpdir(), 'bullpen-release-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'packages', 'worker'), { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'bullpen', version: root, repository }));
  const manifest = JSON.stringify({ name: '@bullpen/worker', version: worker });
  await writeFile(join(folder, 'packages', 'worker', 'package.json'), manifest);
  await writeFile(join(folder, 'CHANGELOG.md'), `# Changelog\n\n## [Unreleased]\n\n${changelog}`);
  const { stderr, exitCode } = await execa(process.execPath, [SCRIPT, tag], { cwd: folder, reject: false });
  expect(exitCode).toBe(stderr === '' ? 0 : 1);
  return stderr;
}

const changelog = '## [1.2.3] - 2026-12-01\n\n### Added\n\n- Something.\n\n## [1.2.2] - 2026-11-01\n\n- More.\n';

describe('the check of a release', () => {
  it('finds nothing when tag, versions and changelog agree', async () => {
    expect(await faultsOf('v1.2.3', { changelog })).toBe('');
  });

  it.each([
    ['a tag that is no version', 'v1.2', { changelog }, "the tag is 'v1.2'; expected a version such as v1.2.3"],
    ['a package of another version', 'v1.2.3', { changelog, worker: '1.2.2' }, '@bullpen/worker has version 1.2.2'],
    ['another version of the whole', 'v1.2.3', { changelog, root: '1.2.2' }, 'bullpen has version 1.2.2'],
    ['a changelog without the version', 'v1.2.3', {}, "CHANGELOG.md has no heading '## [1.2.3] - <date>'"],
    [
      'a changelog that says nothing about it',
      'v1.2.3',
      { changelog: changelog.replace(/### Added[\s\S]*Something\.\n/, '') },
      'CHANGELOG.md says nothing about 1.2.3',
    ],
    [
      'an address that was never replaced',
      'v1.2.3',
      { changelog, repository: 'https://github.com/OWNER/bullpen' },
      "the repository's address is still https://github.com/OWNER/bullpen",
    ],
  ])('finds %s', async (_, tag, checkout, fault) => {
    expect(await faultsOf(tag, checkout)).toContain(fault);
  });
});
