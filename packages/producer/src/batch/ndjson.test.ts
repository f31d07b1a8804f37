import { Readable } from 'node:stream';
import { SourceInvalid } from '@bullpen/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect, streamOf } from '../../test/read-all.js';
import { readNdjson } from './ndjson.js';
import type { SourceRow } from './source-row.js';

const readAll = (text: string, size?: number): Promise<SourceRow[]> => collect(readNdjson(streamOf(text, size)));

describe('readNdjson', () => {
  it('reads one value per line, with its number, its line and its own text', async () => {
    expect(await readAll('{"n":1}\n{ "n": 2.0 }\n')).toEqual([
      { row: 1, line: 1, ok: true, value: { n: 1 }, json: '{"n":1}' },
      { row: 2, line: 2, ok: true, value: { n: 2 }, json: '{ "n": 2.0 }' },
    ]);
  });

  it('passes over blank lines and counts them as lines, in LF and in CRLF', async () => {
    for (const end of ['\n', '\r\n']) {
      const rows = await readAll(['', '1', '   ', '', '2', '3'].join(end));
      expect(rows.map(({ row, line }) => [row, line])).toEqual([
        [1, 2],
        [2, 5],
        [3, 6],
      ]);
      expect(rows.map((row) => row.ok && row.json)).toEqual(['1', '2', '3']);
    }
  });

  it('takes a line that is not JSON as a row that does not parse, and goes on', async () => {
    const rows = await readAll('1\n{"n":\n2\nundefined\n3');
    expect(rows.map(({ ok }) => ok)).toEqual([true, false, true, false, true]);
    expect(rows[1]).toMatchObject({ row: 2, line: 2, text: '{"n":', reason: expect.stringMatching(/^not JSON: ./) });
    expect(rows[3]).toMatchObject({ row: 4, line: 4, text: 'undefined' });
  });

  it('does not take U+2028 and U+2029 inside a string for the end of a line', async () => {
    expect(await readAll('"a\u2028b\u2029c"\n2\n')).toMatchObject([
      { row: 1, line: 1, value: 'a\u2028b\u2029c' },
      { row: 2, line: 2 },
    ]);
  });

  it('reads past a byte order mark, at the beginning of the file only', async () => {
    expect(await readAll('\ufeff{"n":1}\n"\ufeff"')).toMatchObject([
      { value: { n: 1 }, json: '{"n":1}' },
      { value: '\ufeff' },
    ]);
  });

  it('reads the same whatever pieces the bytes come in', async () => {
    const text = '\ufeff{"a":"é€😀"}\r\n\r\n{"b":\n["\u2028"]\r\n7';
    const whole = await readAll(text);
    expect(whole.map(({ row, line, ok }) => [row, line, ok])).toEqual([
      [1, 1, true],
      [2, 3, false],
      [3, 4, true],
      [4, 5, true],
    ]);
    for (let size = 1; size <= Buffer.byteLength(text); size += 1) expect(await readAll(text, size)).toEqual(whole);
  });

  it('yields nothing for a file that is empty or blank', async () => {
    for (const text of ['', '\n', ' \r\n\t\n', '\ufeff']) expect(await readAll(text)).toEqual([]);
  });

  it('stops at a line that is not one, before it has taken it all in', async () => {
    let pieces = 0;
    function* oneLine(): Generator<Buffer> {
      yield Buffer.from('1\n2\n[');
      for (; pieces < 400; pieces += 1) yield Buffer.from('{"n":1},'.repeat(32_768));
    }
    const reading = collect(readNdjson(Readable.from(oneLine(), { objectMode: false })));
    await expect(reading).rejects.toThrow(SourceInvalid);
    await expect(reading).rejects.toThrow(
      /^a line after line \d is longer than 16 MB; is this one JSON value per line\?$/,
    );
    expect(pieces).toBeLessThan(200);
  }, 60_000);

  it('reads a value as deep as it likes', async () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    expect(await readAll(deep)).toMatchObject([{ row: 1, ok: true, json: deep }]);
  });

  it('closes the source when whoever reads has had enough', async () => {
    const source = streamOf('1\n2\n3\n');
    for await (const row of readNdjson(source)) if (row.row === 1) break;
    expect(source.destroyed).toBe(true);
  });

  it('reads back whatever JSON was written, in whatever pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue(), { maxLength: 10 }),
        fc.integer({ min: 1, max: 20 }),
        async (values, size) => {
          const rows = await readAll(values.map((value) => `${JSON.stringify(value)}\n`).join(''), size);
          expect(rows.map((row) => row.ok && row.json)).toEqual(values.map((value) => JSON.stringify(value)));
        },
      ),
    );
  });
});
