import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));

/**
 * The files that may ask the clock of their host, and why. All others go by Redis' clock
 * (`RedisClock`, `LAYOUT.now`), or by `performance.now()` for durations.
 */
const MAY_ASK: Readonly<Record<string, string>> = {
  'packages/shared/src/redis/redis-clock.ts': 'compares it with the clock of Redis',
  'packages/shared/src/redis/outage-log.ts': 'since when Redis has been away, for people',
  'packages/worker/src/in-flight/attempt-context.ts': 'handlers compare their deadline with it',
  'packages/worker/src/handlers/test-context.ts': 'a test has no Redis',
  'packages/worker/src/cli/watchdog-thread.ts': 'the time of a log line',
  'packages/producer/src/cli/enqueue-rows.ts': 'the name of a batch, for people',
  'packages/producer/src/enqueue/enqueue-options.ts': 'a bound of ten years',
  'packages/dev-redis/src/ways/apt-unpacked.ts': 'the age of a file of this host',
};

const COMMENTS = /\/\*[\s\S]*?\*\/|\/\/.*$/gm;
const ASKS = /\bDate\.now\b|\bnew Date\(\s*\)|(?<!new )\bDate\(\s*\)/;

it('only a few files of the packages ask the clock of their host', async () => {
  const asking: string[] = [];
  for (const name of await readdir(join(REPOSITORY, 'packages'))) {
    const source = `packages/${name}/src`;
    for (const path of await readdir(join(REPOSITORY, source), { recursive: true })) {
      if (!path.endsWith('.ts') || path.endsWith('.test.ts')) continue;
      const text = await readFile(join(REPOSITORY, source, path), 'utf8');
      if (ASKS.test(text.replace(COMMENTS, ''))) asking.push(`${source}/${path}`);
    }
  }
  expect(asking.sort()).toEqual(Object.keys(MAY_ASK).sort());
});

it('knows every way to ask', () => {
  for (const code of ['Date.now()', 'const now = Date.now;', 'new Date()', 'Date()'])
    expect(ASKS.test(code)).toBe(true);
  for (const code of ['new Date(at)', 'Date.parse(text)', 'performance.now()', 'toDate()']) {
    expect(ASKS.test(code)).toBe(false);
  }
});
