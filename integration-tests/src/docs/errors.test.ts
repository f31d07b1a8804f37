import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT, exitCodeOf } from '@bullpen/shared/command';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
const rows = [...page.matchAll(/^\| (.+) \|$/gm)].map(([, row = '']) => row.split(' | '));

/** The error classes of all packages, with their codes, as the sources have them. */
function errorClasses(): Map<string, string> {
  const folders = readdirSync(join(ROOT, 'packages')).map((name) => join(ROOT, 'packages', name, 'src'));
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  const sources = files.filter((file) => /(?<!\.test|\.d)\.ts$/.test(file)).map((file) => readFileSync(file, 'utf8'));
  const declared = sources.flatMap((text) => [
    ...text.matchAll(/class (\w+) extends \w+ \{[^}]*?code = '(BULLPEN_\w+)'/g),
  ]);
  return new Map(declared.map(([, name = '', code = '']) => [name, code]));
}

test('the tables have every error class, once, with its code', () => {
  const listed = rows.flatMap(([name = '', code = '']) =>
    /^`BULLPEN_\w+`$/.test(code) ? [[name, code].map((cell) => cell.replaceAll('`', ''))] : [],
  );
  expect(listed.toSorted()).toEqual([...errorClasses()].toSorted());
});

test('the exit codes of the errors are those of the commands', () => {
  const withExit = rows.filter((row) => row.length === 5 && /^\d+$/.test(row[4] ?? ''));
  expect(withExit.length).toBeGreaterThan(10);
  for (const [name = '', code = '', , , exit] of withExit) {
    // This command has its own exit codes, so that it needs no other package.
    if (name === '`DevRedisUnavailable`') continue;
    expect(`${name} ${exit}`).toBe(`${name} ${exitCodeOf({ code: code.replaceAll('`', '') })}`);
  }
});

test('the table of exit codes has every code of a command, and no other', () => {
  const codes = rows.flatMap(([code = '', , ...rest]) =>
    /^\d+$/.test(code) && rest.length === 1 ? [Number(code)] : [],
  );
  expect(codes).toEqual(Object.values(EXIT));
});
