import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyPieces, collect, collectUntil, streamOf, streamOfPieces } from '../../test/read-all.js';
import { readNdjson } from './ndjson.js';
import type { SourceRow } from './source-row.js';
import { readText } from './source-text.js';

const readAll = (text: string | Buffer, size?: number): Promise<SourceRow[]> =>
  collect(readNdjson(readText(streamOf(text, size))));

describe('readNdjson', () => {
  it('reads one value per line, with its number, its line and its own text', async () => {
    expect(await readAll('{"n":1}\n{ "n": 2.0 }\n')).toEqual([
      { row: 1, line: 1, text: '{"n":1}', ok: true, value: { n: 1 }, json: '{"n":1}' },
      { row: 2, line: 2, text: '{ "n": 2.0 }', ok: true, value: { n: 2 }, json: '{ "n": 2.0 }' },
    ]);
  });

  it('skips blank lines and counts them as lines, with LF and CRLF', async () => {
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

  it('refuses a line that is not JSON, and reads on', async () => {
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

  it('skips a byte order mark at the beginning of the file only', async () => {
    expect(await readAll('\ufeff{"n":1}\n"\ufeff"')).toMatchObject([
      { value: { n: 1 }, json: '{"n":1}' },
      { value: '\ufeff' },
    ]);
  });

  it('reads the same rows, whatever pieces the bytes come in', async () => {
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

  it('refuses a line longer than 16 MB, keeps little of it in memory, and reads on after it', async () => {
    const BYTES = 400 * 256 * 1024;
    let most = 0;
    async function* oneLine(): AsyncGenerator<Buffer> {
      yield Buffer.from('1\n[');
      for (let at = 0; at < 400; at += 1) {
        yield Buffer.from('{"€":1},'.repeat(32 * 1024).slice(0, 256 * 1024));
        most = Math.max(most, process.memoryUsage().arrayBuffers);
      }
      yield Buffer.from(']\r\n2\n');
    }
    const before = process.memoryUsage().arrayBuffers;
    const rows = await collect(readNdjson(readText(oneLine())));
    expect(rows.map(({ row, line, ok }) => [row, line, ok])).toEqual([
      [1, 1, true],
      [2, 2, false],
      [3, 3, true],
    ]);
    expect(rows[1]).toMatchObject({
      text: `[${'{"€":1},'.repeat(2_000)}`.slice(0, 10_000),
      reason: expect.stringMatching(
        /^has \d+ bytes, more than the 16777216 that a row may have; is this one JSON value/,
      ),
    });
    expect(most - before).toBeLessThan(BYTES);
  }, 60_000);

  it('refuses a line that is one byte too long, whatever pieces it comes in', async () => {
    const line = Buffer.from(`"${'x'.repeat(16 * 1024 * 1024 - 2)}"\n7\n`);
    const longer = Buffer.concat([Buffer.from(' '), line]);
    for (const size of [line.length, 1_000_003]) {
      expect((await readAll(line, size)).map(({ ok }) => ok)).toEqual([true, true]);
      expect(await readAll(longer, size)).toMatchObject(
        [
          { ok: false, reason: /^has 16777217 bytes/ },
          { row: 2, line: 2, ok: true },
        ].map((row) => ('reason' in row ? { ...row, reason: expect.stringMatching(row.reason as RegExp) } : row)),
      );
    }
  }, 60_000);

  it('refuses a line that is not UTF-8, and says where it breaks; keeps a U+FFFD of the source', async () => {
    const rows = await readAll(
      Buffer.concat([Buffer.from('"\ufffd"\n{"name":"caf'), Buffer.from([0xe9]), Buffer.from('"}\r\n3')]),
    );
    expect(rows).toMatchObject([
      { row: 1, ok: true, value: '\ufffd' },
      {
        ...{ row: 2, line: 2, ok: false, text: '{"name":"café"}\r' },
        reason:
          'is not UTF-8 at byte 13, after "{\\"name\\":\\"caf"; convert the source, for example with iconv -f latin1 -t utf-8',
      },
      { row: 3, line: 3, ok: true },
    ]);
  });

  it('refuses a line with a NUL, and reads on after it', async () => {
    expect(await readAll('{"a":1}\n{"a":"\0"}\n\0\0\n3')).toMatchObject([
      { row: 1, ok: true },
      { row: 2, line: 2, ok: false, reason: 'has a NUL at byte 7, which no text has, after "{\\"a\\":\\""' },
      { row: 3, line: 3, ok: false, reason: 'has a NUL at byte 1, which no text has, after ""' },
      { row: 4, ok: true, value: 3 },
    ]);
  });

  it('keeps the beginning of a long line that is not JSON', async () => {
    const [row] = await readAll(`${'x'.repeat(9_999)}😀${'x'.repeat(10_000)}\n`);
    expect(row).toMatchObject({ ok: false, text: 'x'.repeat(9_999) });
  });

  it('reads a value that is nested 10,000 levels deep', async () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    expect(await readAll(deep)).toMatchObject([{ row: 1, ok: true, json: deep }]);
  });

  it('closes the source when the reader stops early', async () => {
    const source = streamOf('1\n2\n3\n');
    for await (const [first] of readNdjson(source)) if (first?.row === 1) break;
    expect(source.destroyed).toBe(true);
  });

  it('reads back every JSON value, in whatever pieces', async () => {
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

  it('reads the same rows and fails in the same way, however a text is cut into pieces', async () => {
    const anyText = fc
      .array(
        fc.constantFrom(
          ...['{"a":', '1', '}', '"é€😀"', '\n', '\r\n', '\r', ' ', '\u2028', '\ufeff', '\ufffd', '\0', '2\n'],
          ...[Buffer.from([0xe9]), Buffer.from([0xef, 0xbb]), Buffer.from([0xf0, 0x9f])],
        ),
        { maxLength: 40 },
      )
      .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part))));
    await fc.assert(
      fc.asyncProperty(anyPieces(anyText), async ({ whole, pieces }) => {
        const read = (list: Buffer[]) => collectUntil(readNdjson(readText(streamOfPieces(list))));
        expect(await read(pieces)).toEqual(await read([whole]));
      }),
      { numRuns: 500 },
    );
  });
});
