import { Readable } from 'node:stream';
import fc from 'fast-check';
import type { SourceRow } from '../src/source/source-row.js';

/** A stream of the bytes of a text, in pieces of `size` bytes. */
export function streamOf(text: string | Buffer, size = 65_536): Readable {
  const bytes = Buffer.from(text);
  const count = Math.ceil(bytes.length / size);
  return streamOfPieces(Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size)));
}

export function streamOfPieces(pieces: Iterable<Buffer> | AsyncIterable<Buffer>): Readable {
  return Readable.from(pieces, { objectMode: false });
}

/**
 * Bytes, and the same bytes cut into pieces at any place, also inside a character or a CRLF. Pieces
 * may be empty.
 */
export function anyPieces(anyText: fc.Arbitrary<string | Buffer>): fc.Arbitrary<{ whole: Buffer; pieces: Buffer[] }> {
  return anyText.chain((text) => {
    const whole = Buffer.from(text);
    return fc.array(fc.nat({ max: whole.length }), { maxLength: 12 }).map((cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), whole.length];
      return { whole, pieces: at.slice(1).map((to, index) => whole.subarray(at[index], to)) };
    });
  });
}

/** All rows of a source. */
export async function collect(blocks: AsyncIterable<readonly SourceRow[]>): Promise<SourceRow[]> {
  const all: SourceRow[] = [];
  for await (const block of blocks) all.push(...block);
  return all;
}

/** All rows until the source ends or fails, and the message of the failure. */
export async function collectUntil(
  blocks: AsyncIterable<readonly SourceRow[]>,
): Promise<{ rows: SourceRow[]; failure: string | undefined }> {
  const rows: SourceRow[] = [];
  try {
    for await (const block of blocks) rows.push(...block);
    return { rows, failure: undefined };
  } catch (error) {
    return { rows, failure: (error as Error).message };
  }
}
