import { Readable } from 'node:stream';
import { OptionsInvalid } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import type { Format } from '../source/format.js';
import { openSource } from '../source/source.js';
import { withKeyColumn } from './key-column.js';

const sourceOf = (format: Format, text: string) => openSource('-', format, Readable.from([Buffer.from(text)]));

async function valuesOf(blocks: AsyncIterable<readonly { readonly text: string }[]>): Promise<string[]> {
  const texts: string[] = [];
  for await (const rows of blocks) texts.push(...rows.map(({ text }) => text));
  return texts;
}

describe('withKeyColumn', () => {
  it('lets a table pass that has the column, with all of its rows', async () => {
    const { blocks } = await withKeyColumn(await sourceOf('csv', 'id,name\n1,a\n2,b\n'), 'id');
    expect((await valuesOf(blocks)).map((text) => text.trim())).toEqual(['1,a', '2,b']);
  });

  it('refuses one that has not, and says what it has', async () => {
    const near = withKeyColumn(await sourceOf('csv', 'invoice,name\n1,a\n'), 'invioce');
    await expect(near).rejects.toThrow(OptionsInvalid);
    await expect(near).rejects.toThrow("--key-field: - has no column 'invioce'. Did you mean 'invoice'?");
    const far = withKeyColumn(await sourceOf('csv', 'id,na\u001Bme\n'), 'something');
    await expect(far).rejects.toThrow("has no column 'something'. It has: id, na me.");
  });

  it('asks nothing of a source without columns, of an empty one, or without a key', async () => {
    expect(await valuesOf((await withKeyColumn(await sourceOf('ndjson', '{}\n'), 'id')).blocks)).toHaveLength(1);
    expect(await valuesOf((await withKeyColumn(await sourceOf('csv', ''), 'id')).blocks)).toEqual([]);
    expect(await valuesOf((await withKeyColumn(await sourceOf('csv', 'a\n1\n'), undefined)).blocks)).toHaveLength(1);
  });
});
