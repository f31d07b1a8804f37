import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findRedisProgram } from '@bullpen/dev-redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RedisServer } from '../support/redis-server.js';
import { checkTypes } from './check-types.js';
import { toExampleFiles, worldFile } from './reference-examples.js';
import { runFiles } from './run-files.js';
import { placeFault } from './typed-blocks.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BUILT = fileURLToPath(new URL('../../dist/', import.meta.url));
const DATA = fileURLToPath(new URL('world/', import.meta.url));

// The pages are made of the docstrings: `pnpm api` checks that they are up to date.
const pages = readdirSync(`${ROOT}docs/api`)
  .filter((name) => name !== 'README.md')
  .map((name) => `docs/api/${name}`);
const files = pages.flatMap((page) => toExampleFiles(page, readFileSync(`${ROOT}${page}`, 'utf8')));

describe('the examples of the API reference', () => {
  let folder: string;
  let faults: readonly string[];
  beforeAll(async () => {
    folder = await mkdtemp(join(BUILT, 'reference-'));
    const found = await checkTypes([...files, ...pages.map(worldFile)], folder);
    faults = found.map((fault) => placeFault(fault, files));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each(pages)('%s: they pass the type checker', (page) => {
    expect(faults.filter((fault) => fault.startsWith(`${page}:`))).toEqual([]);
  });

  test.concurrent.each(pages)('%s: they run', async (page) => {
    const world = join(folder, 'worlds', page);
    await cp(DATA, world, { recursive: true });
    const redis = await RedisServer.start(await findRedisProgram(), world);
    try {
      const run = files.filter(({ block, runs }) => runs && block.document === page);
      const paths = run.map(({ path }) => join(folder, 'out', path.replace(/ts$/, 'js')));
      expect(await runFiles(paths, world, redis.url)).toBeUndefined();
    } finally {
      await redis.kill();
    }
  });

  test('one that is wrong is convicted, at its line', async () => {
    const page = 'docs/api/producer.md';
    const wrong = toExampleFiles(
      page,
      "\n```ts\nconst key = 'inv_1042';\nawait producer.enqueue(sendInvoice, invoice, { jobId: key });\n```\n",
    );
    const found = await checkTypes([...wrong, worldFile(page)], await mkdtemp(join(folder, 'wrong-')));
    expect(found.map((fault) => placeFault(fault, wrong))).toEqual([
      expect.stringMatching(/^docs\/api\/producer\.md:4: error TS.*'jobId' does not exist/),
    ]);
  });
});
