import { SourceInvalid } from '@bullpen/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyPieces, collect, collectUntil, streamOf, streamOfPieces } from '../../test/read-all.js';
import { readJson } from './json.js';
import type { SourceRow } from './source-row.js';
import { readText } from './source-text.js';

const readAll = (text: string | Buffer, size?: number): Promise<SourceRow[]> =>
  collect(readJson(readText(streamOf(text, size))));

describe('readJson', () => {
  it('reads the elements of an array, with their numbers and without lines', async () => {
    expect(await readAll('[{"n":1},\n "two", null, [], false]')).toEqual([
      { row: 1, line: undefined, text: '{"n":1}', ok: true, value: { n: 1 }, json: '{"n":1}' },
      { row: 2, line: undefined, text: '"two"', ok: true, value: 'two', json: '"two"' },
      { row: 3, line: undefined, text: 'null', ok: true, value: null, json: 'null' },
      { row: 4, line: undefined, text: '[]', ok: true, value: [], json: '[]' },
      { row: 5, line: undefined, text: 'false', ok: true, value: false, json: 'false' },
    ]);
  });

  it('skips a byte order mark, and reads nothing from an empty array', async () => {
    expect(await readAll('\ufeff[1]')).toMatchObject([{ value: 1 }]);
    expect(await readAll(' [ ] ')).toEqual([]);
  });

  it('reads the same rows, whatever pieces the bytes come in', async () => {
    const text = '[{"é":"€😀\\u20ac\\n"}, 12.5e1, true, "\u2028"]';
    const whole = await readAll(text);
    expect(whole.map((row) => row.ok && row.value)).toEqual(JSON.parse(text));
    for (let size = 1; size <= Buffer.byteLength(text); size += 1) expect(await readAll(text, size)).toEqual(whole);
  });

  it.each(['{}', '{"rows":[1]}', '"x"', '1', 'null', '', '   ', 'a,b\n1,2'])(
    'refuses %j, which is no array',
    async (text) => {
      const reading = readAll(text);
      await expect(reading).rejects.toThrow(SourceInvalid);
      await expect(reading).rejects.toThrow(/^not a JSON array after element 0: ./);
    },
  );

  it.each(['[1,2', '[1,', '[1,]', '[{"n":', '["x', '[1] 2', '[1][2]', '[1 2]', '[,1]', '[1,,2]', '[}1]', '[{"a":[}]]'])(
    'refuses %j where it breaks',
    async (text) => {
      await expect(readAll(text)).rejects.toThrow(/^not a JSON array after element \d: ./);
    },
  );

  it('yields the elements before the place where the array breaks, and says how many they are', async () => {
    const { rows, failure } = await collectUntil(readJson(streamOf(`[{"n":1},{"n":2}${' '.repeat(5_000)},}`)));
    expect(rows.map(({ row }) => row)).toEqual([1, 2]);
    expect(failure).toMatch(/^not a JSON array after element 2: ./);
  });

  it('keeps the text of each element, with numbers that a value cannot hold', async () => {
    const numbers = ['12345678901234567000', '1e400', '0.1000000000000000055511151231257827', '-0', '1.0'];
    const text = `[${numbers.join(', ')}, {"id": 12345678901234567000},\n  {\n    "n": 1e400\n  }\n]`;
    const rows = await readAll(text);
    expect(rows.map((row) => row.ok && row.json)).toEqual([
      ...numbers,
      '{"id": 12345678901234567000}',
      '{\n    "n": 1e400\n  }',
    ]);
  });

  it('refuses an element that is not UTF-8 or has a NUL, and reads on after it', async () => {
    const latin1 = Buffer.concat([
      Buffer.from('["é","\ufffd","caf'),
      Buffer.from([0xe9]),
      Buffer.from('",{"a":"b\0"},4]'),
    ]);
    for (const size of [1, 2, 3, 5, 100]) {
      const rows = await readAll(latin1, size);
      expect(rows.map((row) => (row.ok ? row.value : row.reason))).toEqual([
        ...['é', '\ufffd'],
        expect.stringMatching(/^is not UTF-8 at byte 5, after ".*caf"; convert/),
        'has a NUL at byte 8, which no text has, after "{\\"a\\":\\"b"',
        4,
      ]);
    }
    await expect(readAll(Buffer.from([0x5b, 0x22, 0xc3]))).rejects.toThrow(
      'not a JSON array after element 0: the text ends before the array does',
    );
  });

  it('stops at an element longer than 16 MB, before it has read all of it', async () => {
    let pieces = 0;
    function* endless(): Generator<Buffer> {
      yield Buffer.from('[1,[');
      for (; pieces < 400; pieces += 1) yield Buffer.from('1,'.repeat(128 * 1024));
    }
    const { rows, failure } = await collectUntil(readJson(readText(streamOfPieces(endless()))));
    expect(rows.map(({ row }) => row)).toEqual([1]);
    expect(failure).toBe('not a JSON array after element 1: the next one is longer than 16 MB');
    expect(pieces).toBeLessThan(100);
  }, 60_000);

  it('passes on an error of the source', async () => {
    async function* failing(): AsyncGenerator<Buffer> {
      yield Buffer.from('[1,');
      throw new Error('EIO: the disk is gone');
    }
    await expect(collect(readJson(failing()))).rejects.toThrow(/^EIO: the disk is gone$/);
  });

  it('keeps a field called __proto__', async () => {
    const [row] = await readAll('[{"__proto__":{"admin":true}}]');
    const value = (row?.ok === true ? row.value : undefined) as { admin?: boolean };
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(value.admin).toBeUndefined();
  });

  it('reads an element that is nested 10,000 levels deep', async () => {
    const rows = await readAll(`[1,${'['.repeat(10_000)}${']'.repeat(10_000)},2]`);
    expect(rows.map(({ row }) => row)).toEqual([1, 2, 3]);
  });

  it('closes the source when the reader stops early', async () => {
    const source = streamOf('[1,2,3]');
    for await (const [first] of readJson(source)) if (first?.row === 1) break;
    expect(source.destroyed).toBe(true);
  });

  it('reads back every array, in whatever pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue(), { maxLength: 10 }),
        fc.integer({ min: 1, max: 20 }),
        async (values, size) => {
          const text = JSON.stringify(values);
          const rows = await readAll(text, size);
          expect(rows.map((row) => row.ok && row.value)).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it('reads the same elements, however a text is cut into pieces, also when it breaks', async () => {
    const anyText = fc.tuple(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.nat({ max: 30 }), fc.boolean());
    const anyArray = anyText.map(([values, lost, isWhole]) => {
      const text = JSON.stringify(values);
      return isWhole ? text : text.slice(0, Math.max(0, text.length - lost)).replace(/[\uD800-\uDBFF]$/, '');
    });
    await fc.assert(
      fc.asyncProperty(anyPieces(anyArray), async ({ whole, pieces }) => {
        const [cut, uncut] = [
          await collectUntil(readJson(readText(streamOfPieces(pieces)))),
          await collectUntil(readJson(readText(streamOfPieces([whole])))),
        ];
        expect(cut.rows).toEqual(uncut.rows);
        expect(cut.failure === undefined).toBe(uncut.failure === undefined);
      }),
      { numRuns: 300 },
    );
  });
});
