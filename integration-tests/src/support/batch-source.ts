import type { BatchSource, SourceRow } from '@bullpen/producer';

const ROWS_A_BLOCK = 500;

/** A source with one row for each of these values. */
export function sourceOf(values: readonly unknown[]): BatchSource {
  async function* blocks(): AsyncGenerator<readonly SourceRow[]> {
    for (let at = 0; at < values.length; at += ROWS_A_BLOCK) {
      yield values.slice(at, at + ROWS_A_BLOCK).map((value, index) => {
        const row = at + index + 1;
        return { row, line: row, text: JSON.stringify(value), ok: true, value };
      });
    }
  }
  return { blocks: blocks(), name: 'values', format: 'ndjson' };
}

/** Twice as many rows as `half`; the second half comes when `goOn` is called. */
export function gatedRows(half: number): { readonly source: BatchSource; readonly goOn: () => void } {
  let goOn: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const values = Array.from({ length: 2 * half }, (_, at) => ({ id: at + 1, email: `c${at + 1}@example.com` }));
  const source = sourceOf(values);
  async function* blocks() {
    let read = 0;
    for await (const block of source.blocks) {
      if (read === half) await gate;
      read += block.length;
      yield block;
    }
  }
  return { source: { ...source, blocks: blocks() }, goOn };
}
