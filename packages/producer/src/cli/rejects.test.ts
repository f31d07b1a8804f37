import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SourceInvalid } from '@bullpen/shared';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RejectedRow } from '../batch/check-row.js';
import { openRejects } from './rejects.js';

/** A folder of its own for this test, with a source in it. */
async function folderWithSource(): Promise<{ folder: string; source: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'bullpen-rejects-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'rows.csv'), 'id\n1\n');
  return { folder, source: join(folder, 'rows.csv') };
}

const rejected = (row: number): RejectedRow => ({
  ...{ row, line: row + 1, input: { id: row } },
  faults: [
    { path: 'id', reason: 'too small' },
    { path: '', reason: 'odd' },
  ],
});
const silent = (): void => undefined;

describe('openRejects', () => {
  it('writes one line of JSON per row into the file, complete when it is closed', async () => {
    const { folder, source } = await folderWithSource();
    const file = join(folder, 'rejects.ndjson');
    const rejects = await openRejects(file, source, silent);
    for (let row = 1; row <= 3_000; row += 1) await rejects.write(rejected(row));
    await rejects.close(true);
    await rejects.close(true);
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(3_000);
    expect(JSON.parse(lines[1] ?? '')).toEqual({ ...rejected(2), reason: 'id: too small; odd' });
  });

  it('writes the text of a row that has one, on one line, with numbers that a value cannot hold', async () => {
    const { folder, source } = await folderWithSource();
    const file = join(folder, 'rejects.ndjson');
    const rejects = await openRejects(file, source, silent);
    const json = '{\n  "id": 12345678901234567000,\n  "n": 1e400\n}';
    await rejects.write({ ...rejected(1), input: JSON.parse(json), json });
    await rejects.close(true);
    expect(await readFile(file, 'utf8')).toMatch(/,"input":\{ "id": 12345678901234567000, "n": 1e400 \}\}\n$/);
  });

  it('leaves what an earlier run wrote until it is closed, and where it is not to be kept', async () => {
    const { folder, source } = await folderWithSource();
    const file = join(folder, 'rejects.ndjson');
    await writeFile(file, 'earlier\n');
    for (const [isKept, held] of [
      [false, /^earlier\n$/],
      [true, /^\{"row":1,/],
    ] as const) {
      const rejects = await openRejects(file, source, silent);
      await rejects.write(rejected(1));
      expect(await readFile(file, 'utf8')).toBe('earlier\n');
      await rejects.close(isKept);
      await rejects.close(!isKept);
      expect(await readFile(file, 'utf8')).toMatch(held);
    }
    expect((await readdir(folder)).sort()).toEqual(['rejects.ndjson', 'rows.csv']);
  });

  it('names the first five and counts the rest when there is no file', async () => {
    const said: string[] = [];
    const rejects = await openRejects(undefined, 'rows.csv', (line) => said.push(line));
    for (let row = 1; row <= 7; row += 1) await rejects.write(rejected(row));
    await rejects.write({ ...rejected(8), line: undefined });
    await rejects.close(true);
    await rejects.close(true);
    expect(said).toHaveLength(6);
    expect(said[0]).toBe('rejected row 1 (line 2): id: too small; odd');
    expect(said[5]).toBe('… and 3 more; name a file with --rejects to keep them all');
  });

  it('says nothing that commands a terminal', async () => {
    const said: string[] = [];
    const rejects = await openRejects(undefined, 'rows.csv', (line) => said.push(line));
    await rejects.write({ ...rejected(1), faults: [{ path: 'e\u001B[2J', reason: 'odd\nline' }] });
    expect(said).toEqual(['rejected row 1 (line 2): e [2J: odd line']);
  });

  it('says nothing when nothing was rejected', async () => {
    const said: string[] = [];
    await (await openRejects(undefined, 'rows.csv', (line) => said.push(line))).close(true);
    expect(said).toEqual([]);
  });

  it('refuses to overwrite the source, also under another name', async () => {
    const { folder, source } = await folderWithSource();
    const alias = join(folder, 'alias.csv');
    await symlink(source, alias);
    for (const path of [source, alias]) {
      await expect(openRejects(path, source, silent)).rejects.toThrow(/is the source itself; it would be overwritten/);
    }
    expect(await readFile(source, 'utf8')).toBe('id\n1\n');
  });

  it('refuses a path that cannot be written, before any row is read', async () => {
    const opening = openRejects(join(tmpdir(), 'no', 'such', 'folder', 'x'), '-', silent);
    await expect(opening).rejects.toThrow(SourceInvalid);
    await expect(opening).rejects.toThrow(/^--rejects: cannot write .*: there is no folder \//);
  });

  it.runIf(existsSync('/dev/full'))('tells of a disk that is full where the rows are written, once', async () => {
    const rejects = await openRejects('/dev/full', '-', silent);
    const writeUntilToldSo = async (): Promise<void> => {
      for (;;) {
        await rejects.write(rejected(1));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await expect(writeUntilToldSo()).rejects.toThrow(/^--rejects: cannot write \/dev\/full: ENOSPC/);
    await rejects.close(true);
  });

  it.runIf(existsSync('/dev/full'))('tells of a disk that is full at the latest when it is closed', async () => {
    const rejects = await openRejects('/dev/full', '-', silent);
    await rejects.write(rejected(1));
    await expect(rejects.close(true)).rejects.toThrow(/^--rejects: cannot write \/dev\/full: ENOSPC/);
    await rejects.close(true);
  });
});
