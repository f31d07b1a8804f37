import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const textOf = (path: string): string => readFileSync(`${ROOT}/${path}`, 'utf8');

/** The one place that has the repository's address. */
const { repository, version, license, author, engines } = JSON.parse(textOf('package.json'));
const packages = readdirSync(`${ROOT}/packages`);

describe.each(packages)('the package %s', (name) => {
  const manifest = JSON.parse(textOf(`packages/${name}/package.json`));

  it('says where it comes from, and what the root says', () => {
    expect(manifest).toMatchObject({
      name: `@bullpen/${name}`,
      version,
      license,
      author,
      engines,
      repository: { type: 'git', url: `git+${repository}.git`, directory: `packages/${name}` },
      homepage: `${repository}/tree/main/packages/${name}#readme`,
      bugs: `${repository}/issues`,
      keywords: expect.arrayContaining(['redis']),
      publishConfig: { access: 'public' },
    });
  });

  it('has a README whose links work outside the repository', () => {
    const links = [...textOf(`packages/${name}/README.md`).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !/^(https:|#)/.test(link))).toEqual([]);
  });

  it('installs on the Node version that it names, without scripts of its own', () => {
    expect(Object.keys(manifest.scripts).filter((script) => /install|prepare|^pre|^post/.test(script))).toEqual([]);
  });
});

it('the repository has one address in all files: that of package.json', () => {
  const lines = execFileSync('git', ['grep', '--only-matching', '-hoE', 'github\\.com/[A-Za-z0-9-]+/bullpen\\b'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const others = ['github.com/acme/bullpen']; // of tests
  const addresses = new Set(lines.trim().split('\n'));
  expect([...addresses].filter((address) => !others.includes(address))).toEqual([repository.replace('https://', '')]);
});
