import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { SCRIPT_CLAIMS } from '../../outages/script-claims.js';

const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));

/** How a script comes to Redis: as a command of a connection, for BullMQ, or by its text. */
const COMMAND = /\b(bullpen[A-Z]\w*): \{\s*keys:/g;
const ENGINE = /^ {2}(\w+): (?:engineScript\(|\{ keys:)/gm;
const EVALUATED = /\.eval\(([A-Z_]+),/g;

it('every script says in script-claims.ts what it does with a stale lease, and when it is sent twice', async () => {
  const found: string[] = [];
  for (const name of await readdir(join(REPOSITORY, 'packages'))) {
    const source = join(REPOSITORY, 'packages', name, 'src');
    for (const path of await readdir(source, { recursive: true })) {
      if (!path.endsWith('.ts') || path.endsWith('.test.ts')) continue;
      const code = (await readFile(join(source, path), 'utf8')).replace(/\/\*[\s\S]*?\*\//g, '');
      found.push(...[...code.matchAll(COMMAND), ...code.matchAll(EVALUATED)].map(([, script = '']) => script));
      if (path.endsWith('engine-scripts.ts')) found.push(...[...code.matchAll(ENGINE)].map(([, it]) => `bullmq:${it}`));
    }
  }
  expect(found.length).toBeGreaterThan(30);
  expect(found.sort()).toEqual(Object.keys(SCRIPT_CLAIMS).sort());
});
