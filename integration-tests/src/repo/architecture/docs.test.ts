import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const { repository } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const files = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
const pages = files.filter(
  (file) => /^(docs\/|packages\/[^/]+\/README|[A-Z]+\.md$)/.test(file) && file.endsWith('.md'),
);
const isFile = new Set(files);
const folders = new Set(files.map(dirname).flatMap((folder) => allParents(folder)));

const textOf = (page: string): Promise<string> => readFile(join(ROOT, page), 'utf8');

/** The anchors of a page: those that it has itself, and those that GitHub makes of its headings. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set([...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id));
  const times = new Map<string, number>();
  for (const [, heading = ''] of text.matchAll(/^#+ (.+)$/gm)) {
    const anchor = heading
      .trim()
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replace(/ /g, '-');
    const before = times.get(anchor) ?? 0;
    times.set(anchor, before + 1);
    anchors.add(before === 0 ? anchor : `${anchor}-${before}`);
  }
  return anchors;
}

function allParents(folder: string): string[] {
  const parts = folder.split('/');
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
}

describe('the pages of the repository', () => {
  it.each(pages)('%s links to files and headings that exist', async (page) => {
    const broken: string[] = [];
    for (const [, link = ''] of (await textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      // The README of a package links to our own pages by their address.
      const own = link.startsWith(`${repository}/blob/main/`);
      if (/^(https?|mailto):/.test(link) && !own) continue;
      const [path = '', anchor] = link.replace(`${repository}/blob/main/`, '').split('#');
      const folder = own ? '.' : dirname(page);
      const target = path === '' ? page : normalize(join(folder, path)).replace(/\/$/, '');
      if (!isFile.has(target) && !folders.has(target)) broken.push(link);
      else if (anchor !== undefined && target.endsWith('.md') && !anchorsOf(await textOf(target)).has(anchor))
        broken.push(link);
    }
    expect(broken).toEqual([]);
  });

  it.each([
    ...pages,
    ...files.filter((file) => /^(examples|integration-tests\/src\/repo\/readme)\/.*\.ts$/.test(file)),
  ])('%s logs no field that a handler’s logger has already: the line would have it twice', async (page) => {
    const lines = (await textOf(page)).match(/\blog\.\w+\(\s*\{[^}]*\}/g) ?? [];
    expect(lines.filter((line) => /[{,]\s*(job|jobId|queue|attempt|batch|row)\b/.test(line))).toEqual([]);
  });

  it.each(pages.filter((page) => /^(ARCHITECTURE|CONTRIBUTING|docs\/internals\/)/.test(page)))(
    '%s names source files that exist',
    async (page) => {
      const named = [...(await textOf(page)).matchAll(/`((?:[\w-]+\/)*[\w-]+\.ts)`/g)].map(([, path = '']) => path);
      const missing = named.filter((path) => {
        const parts = path.split('/');
        return !files.some(
          (file) => file.endsWith(`/${parts.at(-1)}`) && parts.every((part) => file.split('/').includes(part)),
        );
      });
      expect(missing).toEqual([]);
    },
  );
});
