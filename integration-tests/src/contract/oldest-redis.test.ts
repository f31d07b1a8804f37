import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { test } from '../support/world.js';
import { BULLMQ_CODE } from './installed-bullmq.js';

/**
 * `packages/shared/src/redis/redis-server.ts` says which Redis is too old. We cannot run old ones
 * here; a Redis from 7.0 on tells since when it has each command.
 */

const PACKAGES = fileURLToPath(new URL('../../../packages/', import.meta.url));
const ROOMS = ['shared/src', 'producer/src', 'worker/src', 'dashboard/src'].map((room) => join(PACKAGES, room));

/** The commands that scripts in the files of a folder call, in capitals. */
function calledIn(folder: string, ending: RegExp): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => ending.test(name));
  const texts = files.map((name) => readFileSync(join(folder, name), 'utf8'));
  return texts.flatMap((text) =>
    Array.from(text.matchAll(/\br?call\((["'])([A-Za-z_]+)\1/g), ([, , name]) => name?.toUpperCase() ?? ''),
  );
}

test('Redis 7.0 has every command that our scripts and those of BullMQ call', async ({ world }) => {
  const ours = ROOMS.flatMap((room) => calledIn(room, /(?<!\.test)\.ts$/));
  const theirs = calledIn(join(BULLMQ_CODE, 'scripts'), /\.js$/);
  expect([ours.includes('LPOS'), theirs.includes('LPOS')]).toEqual([true, true]);
  for (const name of new Set([...ours, ...theirs])) {
    const docs = (await world.redis.call('COMMAND', 'DOCS', name)) as unknown;
    const fields = (Array.isArray(docs) ? docs[1] : (docs as Record<string, unknown>)[name.toLowerCase()]) as unknown;
    const since = Array.isArray(fields) ? fields[fields.indexOf('since') + 1] : (fields as { since: string }).since;
    const [major = 0, minor = 0] = String(since).split('.').map(Number);
    expect(major * 100 + minor, `${name} exists since ${since}`).toBeLessThanOrEqual(700);
  }
});
