import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const CONTRACT = fileURLToPath(new URL('../contract', import.meta.url));
const page = readFileSync(fileURLToPath(new URL('../../../docs/coming-from-bullmq.md', import.meta.url)), 'utf8');
const [, section = ''] = page.split(/^## What of BullMQ.*$/m);
const rows =
  section
    .split('\n## ')[0]
    ?.match(/^\| .+ \|$/gm)
    ?.filter((row) => !/^\| (feature|---)/.test(row)) ?? [];

function titlesIn(files: readonly string[]): string[] {
  const sources = files.map((file) => readFileSync(join(CONTRACT, file), 'utf8'));
  return sources.flatMap((text) => [...text.matchAll(/test\(\s*(['`])(.+?)\1,/g)].map(([, , title = '']) => title));
}

/** What no test can show: methods that an app does not have, programs of others. */
const NOT_TESTED = [/^\| `worker\.cancelJob`/, /^\| Bull Board/];

test('each statement about BullMQ’s own API names a test of the contract', () => {
  expect(rows.length).toBeGreaterThan(30);
  const titles = titlesIn(readdirSync(CONTRACT).filter((file) => file.endsWith('.test.ts')));
  const unproven = rows.filter((row) => {
    const [, named] = /<!-- test: (.+?) -->/.exec(row) ?? [];
    if (named === undefined) return !NOT_TESTED.some((known) => known.test(row));
    return titles.filter((title) => title.startsWith(named)).length !== 1;
  });
  expect(unproven).toEqual([]);
});

test('each contract test of stock features stands on the page', () => {
  const stock = readdirSync(CONTRACT).filter((file) => file.startsWith('stock-'));
  const own = titlesIn(stock);
  const named = [...page.matchAll(/<!-- test: (.+?) -->/g)].map(([, title = '']) => title);
  expect(own.filter((title) => !named.some((one) => title.startsWith(one)))).toEqual([]);
});
