import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));

/** The files that may add to an event stream: what stands there asks whether the queue tells it. */
const MAY_ADD = ['packages/shared/src/redis/engine-events.ts', 'packages/shared/src/redis/layout.ts'];

const ADDS = /\bXADD\b/i;
const READS = /\bX(READ|READGROUP|RANGE|REVRANGE|LEN|INFO)\b|\bQueueEvents\(/i;

/** The sources of the packages in which a pattern stands, without their tests. */
async function filesWith(pattern: RegExp): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(join(REPOSITORY, 'packages'))) {
    const source = `packages/${name}/src`;
    for (const path of await readdir(join(REPOSITORY, source), { recursive: true })) {
      if (!path.endsWith('.ts') || path.endsWith('.test.ts')) continue;
      if (pattern.test(await readFile(join(REPOSITORY, source, path), 'utf8'))) found.push(`${source}/${path}`);
    }
  }
  return found.sort();
}

it('every event is told by the two pieces of Lua that obey the queue', async () => {
  expect(await filesWith(ADDS)).toEqual(MAY_ADD);
});

it('nothing of ours reads an event stream: a queue may tell nothing', async () => {
  expect(await filesWith(READS)).toEqual([]);
});

it('knows every way to add and to read', () => {
  for (const code of ["call('XADD', key)", 'redis.xadd(key)']) expect(ADDS.test(code)).toBe(true);
  for (const code of ['redis.xread()', "call('XRANGE'", 'redis.xlen(key)', 'new QueueEvents(name)'])
    expect(READS.test(code)).toBe(true);
});
