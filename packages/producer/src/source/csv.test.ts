import { Readable } from 'node:stream';
import { SourceInvalid } from '@bullpen/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyPieces, collect, collectUntil, streamOf, streamOfPieces } from '../../test/read-all.js';
import { readCsv } from './csv.js';
import type { SourceRow } from './source-row.js';
import { readText } from './source-text.js';

const readAll = (text: string | Buffer, size?: number, delimiter?: string): Promise<SourceRow[]> =>
  collect(readCsv(readText(streamOf(text, size)), { delimiter }));

/** Rows as `[row, line, value]`. Rows that do not parse as `[row, line, reason, text]`. */
const shortOf = (rows: readonly SourceRow[]) =>
  rows.map((row) => (row.ok ? [row.row, row.line, row.value] : [row.row, row.line, row.reason, row.text]));

const STRAY = 'a quote stands inside a cell; quote the cell and double the quote';

describe('readCsv', () => {
  it('reads one row per line, with its number and its line, every cell as text', async () => {
    expect(await readAll('id,name\n1,Ada\n2,Grace\n')).toEqual([
      { row: 1, line: 2, text: '1,Ada', ok: true, value: { id: '1', name: 'Ada' } },
      { row: 2, line: 3, text: '2,Grace', ok: true, value: { id: '2', name: 'Grace' } },
    ]);
  });

  it('reads the last line without a newline at its end', async () => {
    expect(shortOf(await readAll('id\n1\n2'))).toEqual([
      [1, 2, { id: '1' }],
      [2, 3, { id: '2' }],
    ]);
  });

  it('takes an empty cell as an absent field, quoted or not', async () => {
    expect(shortOf(await readAll('a,b,c\n1,,""\n,,\n'))).toEqual([
      [1, 2, { a: '1' }],
      [2, 3, {}],
    ]);
  });

  it('keeps the text of a cell as it is, blanks included', async () => {
    expect(shortOf(await readAll('a,b\n x ,"  "\n\t,=1+1\n'))).toEqual([
      [1, 2, { a: ' x ', b: '  ' }],
      [2, 3, { a: '\t', b: '=1+1' }],
    ]);
  });

  it('trims the names in the header', async () => {
    expect(shortOf(await readAll(' a , b\n1,2\n'))).toEqual([[1, 2, { a: '1', b: '2' }]]);
  });

  it('skips blank lines, and counts them as lines', async () => {
    expect(shortOf(await readAll('\n\nid\n\n1\n\n\n2\n\n'))).toEqual([
      [1, 5, { id: '1' }],
      [2, 8, { id: '2' }],
    ]);
  });

  it('reads quoted cells with commas, newlines and doubled quotes, and says on which line each row starts', async () => {
    expect(shortOf(await readAll('a,b\n"x, y","two\nlines"\n"say ""hi""",3\n"","""\n"\n5,6\n'))).toEqual([
      [1, 2, { a: 'x, y', b: 'two\nlines' }],
      [2, 4, { a: 'say "hi"', b: '3' }],
      [3, 5, { b: '"\n' }],
      [4, 7, { a: '5', b: '6' }],
    ]);
  });

  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('counts lines that end in %s, also inside quotes', async (_, end) => {
    const text = ['a,b', '1,"x', 'y"', '', '3,4', '"5', '', '6",7', '8,9', ''].join(end);
    expect(shortOf(await readAll(text))).toEqual([
      [1, 2, { a: '1', b: `x${end}y` }],
      [2, 5, { a: '3', b: '4' }],
      [3, 6, { a: `5${end}${end}6`, b: '7' }],
      [4, 9, { a: '8', b: '9' }],
    ]);
  });

  it('reads lines that end in different ways', async () => {
    expect(shortOf(await readAll('a,b\r\n1,2\n3,4\r\n5,6\n'))).toEqual([
      [1, 2, { a: '1', b: '2' }],
      [2, 3, { a: '3', b: '4' }],
      [3, 4, { a: '5', b: '6' }],
    ]);
    expect(shortOf(await readAll('a\n1\r\n2\n'))).toEqual([
      [1, 2, { a: '1' }],
      [2, 3, { a: '2' }],
    ]);
  });

  it('skips a byte order mark', async () => {
    expect(shortOf(await readAll('\ufeffid\n1\n'))).toEqual([[1, 2, { id: '1' }]]);
    expect(shortOf(await readAll('\ufeff"id"\n1\n', 1))).toEqual([[1, 2, { id: '1' }]]);
  });

  it('reads the same rows, whatever pieces the bytes come in', async () => {
    const text = '\ufeffid,note\r\n1,"é€😀\r\nzwei"\r\n\r\n2,3,4\r\n5," ""q"" \u2028"\r\n6,x"y\r\n7,ok';
    const whole = await readAll(text);
    expect(whole.map(({ row, line }) => [row, line])).toEqual([
      [1, 2],
      [2, 5],
      [3, 6],
      [4, 7],
      [5, 8],
    ]);
    for (let size = 1; size <= Buffer.byteLength(text); size += 1) expect(await readAll(text, size)).toEqual(whole);
  });

  it('refuses a row with too many or too few cells, and reads on in order', async () => {
    expect(shortOf(await readAll('a,b\n1,2\n1,2,3\n4\n5,6\n'))).toEqual([
      [1, 2, { a: '1', b: '2' }],
      [2, 3, 'expected 2 cells, got 3', '1,2,3'],
      [3, 4, 'expected 2 cells, got 1', '4'],
      [4, 5, { a: '5', b: '6' }],
    ]);
  });

  it.each([
    ['inside a cell', '1,x"y\n', '1,x"y', 1],
    ['after a quoted cell', '1,"x"y\n', '1,"x"y', 1],
    ['before a cell that is not closed', '1,"x\n2,y\n3,"z"\n', '1,"x\n2,y\n3,"z"', 3],
    ['before rows that hold an empty quoted cell', '1,"x\n2,""\n3,"z"\n', '1,"x\n2,""\n3,"z"', 3],
    ['beside an empty quoted cell', '"",5" pipe\n', '"",5" pipe', 1],
    ['after a blank', ' "1",2\n', ' "1",2', 1],
  ])('refuses a row with a quote %s, and reads on after it', async (_, broken, text, lines) => {
    expect(shortOf(await readAll(`a,b\n${broken}8,9\n`))).toEqual([
      [1, 2, STRAY, text],
      [2, 2 + lines, { a: '8', b: '9' }],
    ]);
  });

  it('refuses the text after a quote that is never closed, as one row', async () => {
    const [first, second, ...rest] = await readAll('a,b\n1,2\n3,"x\n4,5\n6,7\n');
    expect(first).toMatchObject({ row: 1, ok: true });
    expect(second).toMatchObject({ row: 2, line: 3, ok: false, text: '3,"x\n4,5\n6,7' });
    expect(second).toMatchObject({
      reason:
        'a quote opens in this row, which begins on line 3, and is never closed; all text after it was taken as part of the row',
    });
    expect(rest).toEqual([]);
  });

  it('stops at a quote that is not closed within 16 MB, and says where it opens', async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      yield Buffer.from('a,b\n1,2\n3,"x\n');
      const rows = Buffer.from('4,yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n'.repeat(16_384));
      for (let at = 0; at < 64; at += 1) yield rows;
    }
    const source = Readable.from(endless(), { objectMode: false });
    const reading = collect(readCsv(source));
    await expect(reading).rejects.toThrow(SourceInvalid);
    await expect(reading).rejects.toThrow('line 3: a quote that opens here is not closed within 16 MB');
    expect(source.destroyed).toBe(true);
  }, 60_000);

  it('refuses a row larger than any payload, and keeps the beginning of its text', async () => {
    const [large, next] = await readAll(`a\n"${'""'.repeat(1_500_000)}"\n1\n`);
    expect(large).toMatchObject({ row: 1, line: 2, ok: false, reason: 'is longer than 2097152 characters' });
    expect(large?.text).toHaveLength(10_000);
    expect(next).toMatchObject({ row: 2, line: 3, ok: true });
  });

  it('does not read ahead of the reader, not even over rows that do not parse', async () => {
    let pieces = 0;
    async function* wrong(): AsyncGenerator<Buffer> {
      yield Buffer.from('a,b\n');
      for (; pieces < 1_000; pieces += 1) yield Buffer.from('1,2,3\n'.repeat(100));
    }
    for await (const block of readCsv(Readable.from(wrong(), { objectMode: false }))) {
      expect(block.every(({ ok }) => !ok)).toBe(true);
      if ((block.at(-1)?.row ?? 0) >= 500) break;
    }
    // The stream itself buffers 16 or 64 kB, depending on the version of Node.
    expect(pieces).toBeLessThan(150);
  });

  it('refuses a row with a NUL, however far the source was read, and reads on after it', async () => {
    const rows = await readAll(`id,name\n${'1,Ada\n'.repeat(40_000)}2,Gr\0ce\n3,Bob\n`);
    expect(rows).toHaveLength(40_002);
    expect(rows.filter(({ ok }) => !ok)).toMatchObject([
      { row: 40_001, line: 40_002, reason: 'has a NUL at byte 5, which no text has, after "2,Gr"' },
    ]);
    await expect(readAll('id,na\0me\n1,2\n')).rejects.toThrow('the CSV header has a NUL at byte 6');
  });

  it.each([
    ['id;email;name\n1;a;b\n', "1 column and 2 semicolons; if semicolons separate it, say --delimiter ';'; if"],
    ['id;email\n1;a\n', "1 column and 1 semicolon; if semicolons separate it, say --delimiter ';'; if commas do"],
    ['id\temail\tname\n', '1 column and 2 tabs; if tabs separate it, say --delimiter tab; if commas do'],
    ['id|email\n', "1 column and 1 vertical bar; if vertical bars separate it, say --delimiter '|'"],
    ['id;"price, net";name\n1;2;3\n', '2 columns and 2 semicolons; if semicolons'],
    ['"id";"email"\n1;2\n', "say --delimiter ';'"],
  ])('refuses %j, whose header has more of another delimiter than of commas', async (text, message) => {
    const reading = readAll(text);
    await expect(reading).rejects.toThrow(SourceInvalid);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(/if commas do, say --delimiter ','$/);
  });

  it.each<[string, string | undefined, Record<string, string>]>([
    ['id\n1\n', undefined, { id: '1' }],
    ['id\n1;2\n', undefined, { id: '1;2' }],
    ['"id;old"\n1\n', undefined, { 'id;old': '1' }],
    ['"a;b;c",d\n1,2\n', undefined, { 'a;b;c': '1', d: '2' }],
    ['a; b,c,d\n1,2,3\n', undefined, { 'a; b': '1', c: '2', d: '3' }],
    ['id;old\n1\n', ',', { 'id;old': '1' }],
  ])('reads %j as a table with commas', async (text, delimiter, value) => {
    expect((await readAll(text, undefined, delimiter)).map((row) => row.ok && row.value)).toEqual([value]);
  });

  it.each([';', '\t', '|', '^', ']', '\\', '-', ' '])('separates cells by %j when it is told to', async (delimiter) => {
    const table = [
      ['id', 'name', 'c', 'd'],
      ['a,b', '"x""y"', '"n\nm"', '1'],
      ['1', '2', '3', 'p"q'],
    ];
    const text = table.map((cells) => `${cells.join(delimiter)}\n`).join('');
    const [row, stray] = await readAll(text, 5, delimiter);
    expect(row).toMatchObject({ ok: true, value: { id: 'a,b', name: 'x"y', c: 'n\nm', d: '1' } });
    expect(stray).toMatchObject({ row: 2, line: 4, ok: false, reason: STRAY });
  });

  it('takes the delimiter from a first line that names it, in whatever pieces it comes', async () => {
    for (const [sep, end] of [
      ['sep=;', '\r\n'],
      ['SEP=;', '\n'],
      ['"sep=;"', '\n'],
      ['sep=;', '\r'],
    ] as const) {
      const text = [`\ufeff${sep}`, 'id;name', '1;Ada, B', ''].join(end);
      for (let size = 1; size < 30; size += 1) {
        expect(shortOf(await readAll(text, size))).toEqual([[1, 3, { id: '1', name: 'Ada, B' }]]);
      }
    }
    expect(shortOf(await readAll('sep=;\na,b\n1,2\n', undefined, ','))).toEqual([[1, 3, { a: '1', b: '2' }]]);
    expect(shortOf(await readAll('sep=\n1\n'))).toEqual([[1, 2, { 'sep=': '1' }]]);
    expect(shortOf(await readAll('s\n1\n', 1))).toEqual([[1, 2, { s: '1' }]]);
    expect(await readAll('sep=;')).toEqual([]);
  });

  it('waits for no more text than it needs to know whether a line names the delimiter', async () => {
    async function* slow(): AsyncGenerator<Buffer> {
      yield Buffer.from(`se\n${'1\n'.repeat(10)}`);
      await new Promise(() => undefined);
    }
    const blocks = readCsv(slow())[Symbol.asyncIterator]();
    expect((await blocks.next()).value[0]).toMatchObject({ row: 1, value: { se: '1' } });
  });

  it('yields nothing for an empty file, or a file with only a header', async () => {
    for (const text of ['', '\n\n', 'a,b', 'a,b\n', '\ufeff']) expect(await readAll(text)).toEqual([]);
  });

  it.each([
    ['a,b,a\n1,2,3\n', "the CSV header names 'a' twice, in columns 1 and 3"],
    ['a, a\n1,2\n', "the CSV header names 'a' twice, in columns 1 and 2"],
    ['a,,c\n1,2,3\n', 'column 2 of the CSV header has no name'],
    ['a,\n', 'column 2 of the CSV header has no name'],
    ['a, "b"\n1,2\n', 'in the CSV header, a quote stands inside a cell; quote the cell and double the quote'],
    ['a,"b\n1,2\n', 'in the CSV header, a quote opens that is never closed'],
  ])('refuses the header of %j', async (text, message) => {
    const reading = readAll(text);
    await expect(reading).rejects.toThrow(SourceInvalid);
    await expect(reading).rejects.toThrow(message);
  });

  it('keeps columns with the names of properties that every object has', async () => {
    const [row] = await readAll('__proto__,constructor,toString\n1,2,\n');
    const value = row?.ok === true ? row.value : undefined;
    expect(Object.entries(value as object)).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
  });

  it('closes the source when the reader stops early', async () => {
    const source = streamOf('a\n1\n2\n3\n');
    for await (const [first] of readCsv(source)) if (first?.row === 1) break;
    expect(source.destroyed).toBe(true);
  });

  it('passes on an error of the source', async () => {
    const source = new Readable({
      read() {
        this.destroy(new Error('EIO: the disk is gone'));
      },
    });
    await expect(collect(readCsv(source))).rejects.toThrow('EIO: the disk is gone');
  });

  it('reads back every table that follows the rules of CSV, in whatever pieces', async () => {
    const anyCell = fc.oneof(
      fc.string({
        minLength: 1,
        maxLength: 8,
        unit: fc.constantFrom('a', 'é', '😀', '"', ',', '\n', '\r\n', ' ', '\u2028'),
      }),
      fc.constant(''),
    );
    const anyTable = fc.array(fc.tuple(anyCell, anyCell, anyCell), { maxLength: 12 });
    const quote = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
    await fc.assert(
      fc.asyncProperty(
        anyTable,
        fc.constantFrom('\n', '\r\n'),
        fc.integer({ min: 1, max: 40 }),
        async (table, end, size) => {
          const rows = await readAll(['a,b,c', ...table.map((cells) => cells.map(quote).join(','))].join(end), size);
          expect(rows.map((row) => row.ok && row.value)).toEqual(
            table.map((cells) =>
              Object.fromEntries(cells.map((cell, at) => ['abc'[at], cell]).filter(([, c]) => c !== '')),
            ),
          );
          let line = 2;
          for (const [at, cells] of table.entries()) {
            expect([rows[at]?.row, rows[at]?.line]).toEqual([at + 1, line]);
            line += 1 + (cells.join().match(/\n/g)?.length ?? 0);
          }
        },
      ),
    );
  });

  it('keeps the text of each row as it is in the source, without its line break', async () => {
    const rows = await readAll('a,b\r\n\r\n "x" ,1\n"y\r\nz","2"\r,\n\n"","é€😀"');
    expect(rows.map(({ text }) => text)).toEqual([' "x" ,1', '"y\r\nz","2"', ',', '"","é€😀"']);
  });

  it('refuses a row that is not UTF-8, and says where it breaks; keeps a U+FFFD of the source', async () => {
    const rows = await readAll(
      Buffer.concat([Buffer.from('id,name\n1,é\ufffd\n2,"caf'), Buffer.from([0xe9]), Buffer.from('"\n3,ok\n')]),
    );
    expect(shortOf(rows)).toEqual([
      [1, 2, { id: '1', name: 'é\ufffd' }],
      [
        ...[
          2,
          3,
          'is not UTF-8 at byte 7, after "2,\\"caf"; convert the source, for example with iconv -f latin1 -t utf-8',
        ],
        '2,"café"',
      ],
      [3, 4, { id: '3', name: 'ok' }],
    ]);
    const header = readAll(Buffer.from([0x69, 0xe9, 0x0a, 0x31, 0x0a]));
    await expect(header).rejects.toThrow(/^the CSV header is not UTF-8 at byte 2, after "i"; convert/);
  });

  it('tells the names of the columns before the first row, and also when there are no rows', async () => {
    const told: unknown[] = [];
    for await (const block of readCsv(streamOf('a, b\n1,2\n'), { onColumns: (names) => told.push(names) }))
      told.push(block.length);
    expect(told).toEqual([['a', 'b'], 1]);
    for (const text of ['c', 'c\r\n'])
      await collect(readCsv(streamOf(text), { onColumns: (names) => told.push(names) }));
    expect(told.slice(2)).toEqual([['c'], ['c']]);
  });

  it('skips more bytes of blank lines than a row may have', async () => {
    function* blank(): Generator<Buffer> {
      yield Buffer.from('a\n1\n');
      for (let at = 0; at < 20; at += 1) yield Buffer.from('\r\n'.repeat(512 * 1024));
      yield Buffer.from('2\n');
    }
    expect(shortOf(await collect(readCsv(readText(streamOfPieces(blank())))))).toEqual([
      [1, 2, { a: '1' }],
      [2, 3 + 20 * 512 * 1024, { a: '2' }],
    ]);
  }, 60_000);

  it('stops at a row without quotes that is longer than 16 MB, after the rows before it', async () => {
    function* endless(): Generator<Buffer> {
      yield Buffer.from('a,b\n1,2\n\n3,');
      for (let at = 0; at < 200; at += 1) yield Buffer.from(','.repeat(256 * 1024));
    }
    const { rows, failure } = await collectUntil(readCsv(readText(streamOfPieces(endless()))));
    expect(rows.map(({ row }) => row)).toEqual([1]);
    expect(failure).toBe('line 4: the row that begins here is longer than 16 MB');
  }, 60_000);

  it('finds a stray quote in a row of two million quotes', async () => {
    const [first, second] = await readAll(`a\n"${'""'.repeat(1_000_000)}"\n"x"y${'""'.repeat(1_000_000)}\n`);
    expect(first?.ok).toBe(true);
    expect(second).toMatchObject({ ok: false, reason: STRAY });
  });

  it('reads the same rows and fails in the same way, however a text is cut into pieces', async () => {
    const anyText = fc
      .array(
        fc.constantFrom(
          ...['a', 'b,', ',', '"', '""', '"x"', '\n', '\r\n', '\r', 'é', '😀', '\ufeff', '\ufffd', ' ', '\0', '1,2\n'],
          ...[Buffer.from([0xe9]), Buffer.from([0xef, 0xbb]), Buffer.from([0xf0, 0x9f])],
        ),
        { maxLength: 40 },
      )
      .map((parts) => Buffer.concat([Buffer.from('a,b\n'), ...parts.map((part) => Buffer.from(part))]));
    await fc.assert(
      fc.asyncProperty(anyPieces(anyText), async ({ whole, pieces }) => {
        const read = (list: Buffer[]) => collectUntil(readCsv(readText(streamOfPieces(list))));
        expect(await read(pieces)).toEqual(await read([whole]));
      }),
      { numRuns: 500 },
    );
  });
});
