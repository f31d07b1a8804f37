import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DocumentCheck } from './check-documents.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
// What other tests check: the reference of the API, the results of the bench, and what
// `pnpm test:install` types into empty apps.
const CHECKED_ELSEWHERE = /^(docs\/api\/|api\/|bench\/|docs\/install\.md$)/;
const paths = execFileSync('git', ['ls-files', '--deduplicate', '*.md'], { cwd: ROOT, encoding: 'utf8' })
  .trim()
  .split('\n');
const documents = paths
  .filter((path) => !CHECKED_ELSEWHERE.test(path))
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
  .filter(({ text }) => /^ *```/m.test(text))
  // The others borrow the README's jobs and handlers.
  .sort((one, other) => Number(other.path === 'README.md') - Number(one.path === 'README.md'));

let check: DocumentCheck;
beforeAll(async () => {
  check = await DocumentCheck.begin(documents);
});
afterAll(() => check.end());

describe.each(documents)('$path', ({ path }) => {
  test('its programs pass the type checker', () => {
    expect(check.typeFaults(path)).toEqual([]);
  });

  test('its data and the names in it are right', () => {
    expect(check.otherFaults(path)).toEqual([]);
  });

  test.concurrent('its programs and commands run', async ({ expect }) => {
    expect(await check.runFaults(path)).toEqual([]);
  });
});
