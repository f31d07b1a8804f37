import { Readable } from 'node:stream';
import { SourceInvalid } from '@bullpen/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect, streamOf } from '../../test/read-all.js';
import { readJson } from './json.js';
import type { SourceRow } from './source-row.js';

const readAll = (text: string, size?: number): Promise<SourceRow[]> => collect(readJson(streamOf(text, size)));

describe('readJson', () => {
  it('reads the elements of an array, with their numbers; it has no lines', async () => {
    expect(await readAll('[{"n":1},\n "two", null, [], false]')).toEqual([
      { row: 1, line: undefined, ok: true, value: { n: 1 } },
      { row: 2, line: undefined, ok: true, value: 'two' },
      { row: 3, line: undefined, ok: true, value: null },
      { row: 4, line: undefined, ok: true, value: [] },
      { row: 5, line: undefined, ok: true, value: false },
    ]);
  });

  it('reads past a byte order mark, and nothing out of an empty array', async () => {
    expect(await readAll('\ufeff[1]')).toMatchObject([{ value: 1 }]);
    expect(await readAll(' [ ] ')).toEqual([]);
  });

  it('reads the same whatever pieces the bytes come in', async () => {
    const text = '[{"é":"€😀\\u20ac\\n"}, 12.5e1, true, "\u2028"]';
    const whole = await readAll(text);
    expect(whole.map((row) => row.ok && row.value)).toEqual(JSON.parse(text));
    for (let size = 1; size <= Buffer.byteLength(text); size += 1) expect(await readAll(text, size)).toEqual(whole);
  });

  it.each(['{}', '{"rows":[1]}', '"x"', '1', 'null', '', '   ', 'a,b\n1,2'])(
    'refuses %j: it is no array',
    async (text) => {
      const reading = readAll(text);
      await expect(reading).rejects.toThrow(SourceInvalid);
      await expect(reading).rejects.toThrow(/^not a JSON array after element 0: ./);
    },
  );

  it.each(['[1,2', '[1,', '[1,]', '[{"n":', '["x', '[1] 2', '[1][2]', '[1 2]'])(
    'refuses %j where it breaks',
    async (text) => {
      await expect(readAll(text)).rejects.toThrow(/^not a JSON array after element \d: ./);
    },
  );

  it('hands out what came before the place where the array breaks, and says how much that was', async () => {
    let taken = 0;
    async function* breaking(): AsyncGenerator<string> {
      yield '[{"n":1},{"n":2},';
      while (taken < 2) await new Promise((resolve) => setImmediate(resolve));
      yield '}';
    }
    const take = async (): Promise<void> => {
      for await (const { row } of readJson(Readable.from(breaking(), { objectMode: false }))) taken = row;
    };
    await expect(take()).rejects.toThrow(/^not a JSON array after element 2: ./);
  });

  it('keeps a field that is called __proto__ a field', async () => {
    const [row] = await readAll('[{"__proto__":{"admin":true}}]');
    const value = (row?.ok === true ? row.value : undefined) as { admin?: boolean };
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(value.admin).toBeUndefined();
  });

  it('reads an element as deep as it likes', async () => {
    const rows = await readAll(`[1,${'['.repeat(10_000)}${']'.repeat(10_000)},2]`);
    expect(rows.map(({ row }) => row)).toEqual([1, 2, 3]);
  });

  it('closes the source when whoever reads has had enough', async () => {
    const source = streamOf('[1,2,3]');
    for await (const row of readJson(source)) if (row.row === 1) break;
    expect(source.destroyed).toBe(true);
  });

  it('reads back whatever array was written, in whatever pieces', async () => {
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
});
