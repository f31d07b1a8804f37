import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { SourceInvalid } from '@bullpen/shared';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Format, openSource, type Source } from './source.js';

/** A file of its own for this test, with `text` in it. */
async function fileWith(name: string, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bullpen-source-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

const nothing = (): Readable => Readable.from([], { objectMode: false });

async function valuesOf(source: Source): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const row of source.rows) values.push(row.ok ? row.value : row.text);
  return values;
}

describe('openSource', () => {
  it.each([
    ['rows.csv', 'id\n1\n', 'csv', [{ id: '1' }]],
    ['rows.CSV', 'id\n1\n', 'csv', [{ id: '1' }]],
    ['rows.ndjson', '{"id":1}\n', 'ndjson', [{ id: 1 }]],
    ['rows.jsonl', '{"id":1}\n', 'ndjson', [{ id: 1 }]],
    ['rows.json', '[{"id":1}]', 'json', [{ id: 1 }]],
  ])('tells the format of %s by its name', async (name, text, format, values) => {
    const source = await openSource(await fileWith(name, text), undefined, nothing());
    expect(source.format).toBe(format);
    expect(await valuesOf(source)).toEqual(values);
  });

  it('lets the format that was given win over the name', async () => {
    const source = await openSource(await fileWith('rows.json', '1\n2\n'), 'ndjson', nothing());
    expect(await valuesOf(source)).toEqual([1, 2]);
  });

  it('reads the standard input for -, when it is told the format', async () => {
    const source = await openSource('-', 'csv', Readable.from(['id\n1\n'], { objectMode: false }));
    expect(source.totalBytes).toBeUndefined();
    expect(await valuesOf(source)).toEqual([{ id: '1' }]);
  });

  it('knows how large a file is and how far it has been read', async () => {
    const source = await openSource(await fileWith('rows.csv', 'id\n1\n22\n'), undefined, nothing());
    expect([source.totalBytes, source.bytesRead()]).toEqual([8, 0]);
    await valuesOf(source);
    expect(source.bytesRead()).toBe(8);
  });

  it.each<[string, string, Format | undefined, RegExp]>([
    ['a file that is not there', 'no/such/rows.csv', undefined, /^there is no file no\/such\/rows\.csv$/],
    ['a folder', tmpdir(), 'csv', /is a folder; name a file$/],
    ['a path through a file', '/etc/hosts/rows.csv', undefined, /^cannot read \/etc\/hosts\/rows\.csv: ENOTDIR/],
    [
      'the standard input without a format',
      '-',
      undefined,
      /^the standard input has no name .* say --format \(csv, ndjson, json\)$/,
    ],
  ])('refuses %s', async (_, path, format, message) => {
    const opening = openSource(path, format, nothing());
    await expect(opening).rejects.toThrow(SourceInvalid);
    await expect(opening).rejects.toThrow(message);
  });

  it('refuses a file whose name tells no format', async () => {
    const opening = openSource(await fileWith('rows.txt', '1'), undefined, nothing());
    await expect(opening).rejects.toThrow(/cannot tell the format of .*rows\.txt by its name; say --format/);
  });

  it('ends the reading when it is closed, even of a pipe in which nothing comes', async () => {
    const silent = new Readable({ read: () => undefined });
    const source = await openSource('-', 'ndjson', silent);
    const reading = valuesOf(source).catch((error: unknown) => error);
    source.close();
    expect(await reading).toBeInstanceOf(Error);
    expect(silent.destroyed).toBe(true);
  });
});
