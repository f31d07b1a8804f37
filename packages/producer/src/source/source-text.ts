import { SourceInvalid } from '@bullpen/shared';

/**
 * Larger pieces are cut, whatever a stream gives. All rows of a piece are in memory at once, and
 * the rows of a large piece live so long that V8 collects them slowly.
 */
const MAX_PIECE_BYTES = 64 * 1024;

/** The longest mark that may stand at the beginning, and the first bytes of all marks. */
const MAX_MARK_BYTES = 3;
const FIRST_MARK_BYTES = new Set([0xef, 0xfe, 0xff, 0x1f]);

const TO_UTF8 = 'convert it to UTF-8, for example with iconv -f utf-16 -t utf-8';

/**
 * UTF-16 without a mark shows by a NUL beside the first characters. A NUL further on is a fault of
 * its row.
 */
const GUESS_BYTES = 4;

/**
 * The text of a source as bytes, in pieces, without a byte order mark.
 * @throws SourceInvalid for UTF-16 and gzip. The text before a NUL is yielded first.
 */
export async function* readText(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let offset = 0;
  for await (const { bytes, skipped } of skipMark(source)) {
    offset += skipped;
    for (let at = 0; at < bytes.length; at += MAX_PIECE_BYTES) {
      const piece = bytes.subarray(at, at + MAX_PIECE_BYTES);
      const nul = piece.subarray(0, Math.max(0, GUESS_BYTES - offset)).indexOf(0);
      if (nul !== 0) yield nul < 0 ? piece : piece.subarray(0, nul);
      if (nul >= 0) {
        throw new SourceInvalid(
          `byte ${offset + nul + 1} of the source is NUL, which no text has: it looks like UTF-16; ${TO_UTF8}`,
        );
      }
      offset += piece.length;
    }
  }
}

/** Removes the mark at the beginning, even when the first pieces are shorter than the mark. */
async function* skipMark(source: AsyncIterable<Buffer>): AsyncGenerator<{ bytes: Buffer; skipped: number }> {
  let beginning: Buffer | undefined = Buffer.alloc(0);
  for await (const bytes of source) {
    if (beginning === undefined) {
      yield { bytes, skipped: 0 };
      continue;
    }
    beginning = Buffer.concat([beginning, bytes]);
    // Wait for more bytes only when these may be a mark: a pipe may give one short row and then
    // nothing for a while.
    if (beginning.length === 0) continue;
    if (beginning.length < MAX_MARK_BYTES && FIRST_MARK_BYTES.has(beginning[0] ?? 0)) continue;
    yield withoutMark(beginning);
    beginning = undefined;
  }
  if (beginning !== undefined) yield withoutMark(beginning);
}

/** What is said of a compressed source. */
export const COMPRESSED =
  'the source is compressed with gzip; unpack it on the way: zcat <file> | bullpen-producer batch <job> - --format <format>';

function withoutMark(bytes: Buffer): { bytes: Buffer; skipped: number } {
  const mark = bytes.toString('hex', 0, MAX_MARK_BYTES);
  if (mark.startsWith('fffe') || mark.startsWith('feff')) {
    throw new SourceInvalid(`the source looks like UTF-16; ${TO_UTF8}`);
  }
  if (mark.startsWith('1f8b')) {
    throw new SourceInvalid(COMPRESSED);
  }
  const skipped = mark === 'efbbbf' ? MAX_MARK_BYTES : 0;
  return { bytes: bytes.subarray(skipped), skipped };
}
