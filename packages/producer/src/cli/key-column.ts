import { OptionsInvalid } from '@bullpen/shared';
import { showText, suggest } from '@bullpen/shared/internal';
import type { Source } from '../source/source.js';
import type { SourceRow } from '../source/source-row.js';

type Opened = Pick<Source, 'blocks' | 'name' | 'columns' | 'close'>;

/**
 * Checks that a table has the column of `--key-field`. With a misspelt name all rows would be
 * rejected, and the batch's name would be taken. The check reads the first block of the source; the
 * returned source still begins with that block.
 * @throws OptionsInvalid when the table has no such column
 */
export async function withKeyColumn<S extends Opened>(source: S, keyField: string | undefined): Promise<S> {
  if (keyField === undefined) return source;
  const blocks = source.blocks[Symbol.asyncIterator]();
  const first = await blocks.next();
  const columns = source.columns();
  if (columns !== undefined && !columns.includes(keyField)) {
    source.close();
    const hint = suggest(keyField, columns) || ` It has: ${columns.join(', ')}.`;
    const reason = showText(`${source.name} has no column '${keyField}'.${hint}`);
    throw new OptionsInvalid('cannot enqueue the batch', [{ path: '--key-field', reason }]);
  }
  return { ...source, blocks: chain(first, blocks) };
}

type Block = readonly SourceRow[];

async function* chain(first: IteratorResult<Block>, rest: AsyncIterator<Block>): AsyncGenerator<Block> {
  for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
}
