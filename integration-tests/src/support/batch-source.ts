import type { BatchSource, SourceRow } from '@bullpen/producer';

const ROWS_A_BLOCK = 500;

/** A source of these values, a row each. */
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
