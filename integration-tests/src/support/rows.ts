import type { BatchSource } from '@bullpen/producer';

/** A source of these values, as it would be read from an NDJSON file. */
export function sourceOf(values: readonly unknown[]): BatchSource {
  async function* blocks() {
    yield values.map((value, at) => {
      const text = JSON.stringify(value);
      return { row: at + 1, line: at + 1, text, json: text, ok: true as const, value };
    });
  }
  return { name: 'values', format: 'ndjson', blocks: blocks() };
}
