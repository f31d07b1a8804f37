import { SourceInvalid } from '@bullpen/shared';
import { JsonElements } from '@bullpen/shared/internal';
import { readJsonRow, syntaxFaultOf } from './json-row.js';
import { MAX_ROW_BYTES, type SourceRow } from './source-row.js';

/**
 * Reads the elements of one JSON array, as they come. An element that is not UTF-8 or has a NUL is
 * a row that does not parse; the next element is read all the same.
 * @throws SourceInvalid where the text stops being a JSON array. It cannot be read on after that
 *   place, because nobody knows where the next element begins.
 */
export async function* readJson(source: AsyncIterable<Buffer>): AsyncGenerator<readonly SourceRow[]> {
  const elements = new JsonElements();
  let row = 0;
  let fault: string | undefined;
  const readRows = (texts: Iterable<Buffer>): SourceRow[] => {
    const rows: SourceRow[] = [];
    for (const text of texts) {
      const next = readJsonRow(text, row + 1, undefined);
      fault = next === undefined ? 'an element is missing' : syntaxFaultOf(next);
      if (next === undefined || fault !== undefined) return rows;
      row += 1;
      rows.push(next);
    }
    fault = elements.fault;
    if (elements.openBytes > MAX_ROW_BYTES) fault ??= 'the next one is longer than 16 MB';
    return rows;
  };
  for await (const piece of source) {
    const rows = readRows(elements.read(piece));
    if (rows.length > 0) yield rows;
    if (fault !== undefined) throw notAnArray(row, fault);
  }
  if (!elements.isAtEnd) throw notAnArray(row, 'the text ends before the array does');
}

const notAnArray = (row: number, fault: string): SourceInvalid =>
  new SourceInvalid(
    `not a JSON array after element ${row}: ${fault.replace(/\.$/, '')}${row === 0 ? '; expected [row, row, …]' : ''}`,
  );
