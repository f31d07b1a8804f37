import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { SourceInvalid } from '@bullpen/shared';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Format } from './format.js';
import { openSource, type Source } from './source.js';

/** A new file for this test, with `text` in it. */
async function fileWith(name: string, text: string | Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bullpen-source-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

const nothing = (): Readable => Readable.from([], { objectMode: false });

async function valuesOf(source: Source): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const block of source.blocks) values.push(...block.map((row) => (row.ok ? row.value : row.text)));
  return values;
}

describe('openSource', () => {
  it.each([
    ['rows.csv', 'id\n1\n', 'csv', [{ id: '1' }]],
    ['rows.CSV', 'id\n1\n', 'csv', [{ id: '1' }]],
    ['rows.ndjson', '{"id":1}\n', 'ndjson', [{ id: 1 }]],
    ['rows.jsonl', '{"id":1}\n', 'ndjson', [{ id: 1 }]],
    ['rows.json', '[{"id":1}]', 'json', [{ id: 1 }]],
  ])('knows the format of %s by its name', async (name, text, format, values) => {
    const source = await openSource(await fileWith(name, text), undefined, nothing());
    expect(source.format).toBe(format);
    expect(await valuesOf(source)).toEqual(values);
  });

  it('prefers the given format to the name', async () => {
    const source = await openSource(await fileWith('rows.json', '1\n2\n'), 'ndjson', nothing());
    expect(await valuesOf(source)).toEqual([1, 2]);
  });

  it('reads the standard input for -, with a given format', async () => {
    const source = await openSource('-', 'csv', Readable.from(['id\n1\n'], { objectMode: false }));
    expect([source.name, source.totalBytes, source.identity]).toEqual(['-', undefined, undefined]);
    expect(await valuesOf(source)).toEqual([{ id: '1' }]);
    expect(source.bytesRead()).toBe(5);
    expect(await source.changed()).toBeUndefined();
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
      /^the format of the standard input is unknown; say --format \(csv, ndjson, json\)$/,
    ],
  ])('refuses %s', async (_, path, format, message) => {
    const opening = openSource(path, format, nothing());
    await expect(opening).rejects.toThrow(SourceInvalid);
    await expect(opening).rejects.toThrow(message);
  });

  it('refuses a file whose name does not tell its format', async () => {
    const opening = openSource(await fileWith('rows.txt', '1'), undefined, nothing());
    await expect(opening).rejects.toThrow(/cannot tell the format of .*rows\.txt by its name; say --format/);
  });

  it('ends the reading when it is closed, even of a pipe into which nobody writes', async () => {
    const silent = new Readable({ read: () => undefined });
    const source = await openSource('-', 'ndjson', silent);
    const reading = valuesOf(source).catch((error: unknown) => error);
    source.close();
    expect(await reading).toBeInstanceOf(Error);
    expect(silent.destroyed).toBe(true);
  });

  it('identifies a file by its size and the SHA-256 of all its bytes', async () => {
    for (const text of ['', '\ufeffid\n1\n', `id\n${'é'.repeat(400_000)}\n`]) {
      const path = await fileWith('rows.csv', text);
      const source = await openSource(path, undefined, nothing());
      const sha256 = createHash('sha256').update(text).digest('hex');
      expect(source.identity).toEqual({ bytes: Buffer.byteLength(text), sha256 });
      expect([source.name, source.totalBytes]).toEqual([path, Buffer.byteLength(text)]);
      await valuesOf(source);
      expect(await source.changed()).toBeUndefined();
    }
  });

  it('knows the columns of a CSV file after its header was read, and of no other format', async () => {
    const csv = await openSource(await fileWith('rows.csv', 'id,name\n1,a\n'), undefined, nothing());
    expect(csv.columns()).toBeUndefined();
    for await (const _ of csv.blocks) expect(csv.columns()).toEqual(['id', 'name']);
    const header = await openSource(await fileWith('rows.csv', 'id,name'), undefined, nothing());
    expect([await valuesOf(header), header.columns()]).toEqual([[], ['id', 'name']]);
    const json = await openSource(await fileWith('rows.json', '[{"id":1}]'), undefined, nothing());
    expect([await valuesOf(json), json.columns()]).toEqual([[{ id: 1 }], undefined]);
  });

  it('reads a growing file only up to its size at the opening, and says that it grew', async () => {
    const path = await fileWith('rows.ndjson', '1\n2\n3');
    const source = await openSource(path, undefined, nothing());
    await appendFile(path, '4\n5\n');
    expect(await valuesOf(source)).toEqual([1, 2, 3]);
    expect(await source.changed()).toBe(
      `${path} grew from 5 to 9 bytes while it was read; what was added to it was not read`,
    );
  });

  it('says that a file was written to although its size is the same', async () => {
    const path = await fileWith('rows.ndjson', '1\n2\n');
    const source = await openSource(path, undefined, nothing());
    await utimes(path, 1_000, 1_000);
    await valuesOf(source);
    expect(await source.changed()).toMatch(/rows\.ndjson was written to while it was read; /);
    source.close();
    source.close();
    expect(await source.changed()).toMatch(/was written to/);
  });

  it('yields no row from a file that shrank', async () => {
    const path = await fileWith('rows.ndjson', '1\n2\n333\n');
    const source = await openSource(path, undefined, nothing());
    await truncate(path, 5);
    const reading = valuesOf(source);
    await expect(reading).rejects.toThrow(SourceInvalid);
    await expect(reading).rejects.toThrow(/rows\.ndjson shrank from 8 to 5 bytes while it was read$/);
    expect(await source.changed()).toMatch(/shrank from 8 to 5 bytes/);
  });

  it('reads nothing of a file after it was closed', async () => {
    const source = await openSource(await fileWith('rows.ndjson', '1\n'.repeat(300_000)), undefined, nothing());
    const read = async (): Promise<void> => {
      for await (const _ of source.blocks) source.close();
    };
    await expect(read()).rejects.toThrow(/was closed while it was read/);
    expect(source.bytesRead()).toBe(262_144);
  });

  it.runIf(existsSync('/usr/bin/mkfifo'))(
    'reads a named pipe without an identity, and ends at once when it is closed',
    async () => {
      const path = await fileWith('other', '');
      const pipe = `${path}.ndjson`;
      await once(spawn('mkfifo', [pipe]), 'close');
      const writer = spawn('sh', ['-c', 'exec 3>"$0"; echo 1 >&3; exec cat >&3', pipe], {
        stdio: ['pipe', 'ignore', 'inherit'],
      });
      onTestFinished(async () => {
        writer.kill();
        if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'close');
      });
      const source = await openSource(pipe, undefined, nothing());
      expect([source.identity, source.totalBytes]).toEqual([undefined, undefined]);
      const blocks = source.blocks[Symbol.asyncIterator]();
      expect((await blocks.next()).value).toMatchObject([{ row: 1, value: 1 }]);
      const next = blocks.next();
      source.close();
      // The writer still runs and writes nothing.
      await expect(next).rejects.toThrow(/Premature close/);
      expect(await source.changed()).toBeUndefined();
    },
  );

  it.each<[Format, Buffer]>([
    ['csv', Buffer.from('id\n1\n', 'utf16le')],
    ['ndjson', Buffer.from('\ufeff1\n', 'utf16le')],
    ['json', Buffer.from('\ufeff[1]', 'utf16le')],
  ])('refuses UTF-16 as %s', async (format, bytes) => {
    const source = await openSource(await fileWith('rows', bytes), format, nothing());
    await expect(valuesOf(source)).rejects.toThrow(/looks like UTF-16; convert it to UTF-8, for example with iconv/);
  });
});
