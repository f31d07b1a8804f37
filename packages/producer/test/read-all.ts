import { Readable } from 'node:stream';
import type { SourceRow } from '../src/batch/source-row.js';

/** A stream of the text's bytes, in pieces of `size`. */
export function streamOf(text: string | Buffer, size = 65_536): Readable {
  const bytes = Buffer.from(text);
  const count = Math.ceil(bytes.length / size);
  return Readable.from(
    Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size)),
    { objectMode: false },
  );
}

/** All rows of a source, for a test to look at. */
export async function collect(rows: AsyncIterable<SourceRow>): Promise<SourceRow[]> {
  const all: SourceRow[] = [];
  for await (const row of rows) all.push(row);
  return all;
}
