import { SourceInvalid } from '@bullpen/shared';

/**
 * Pieces are cut to this, so that what is parsed between two waits is bounded whatever a stream
 * hands over: all rows of a piece are in memory at once, and those of a large one live long enough
 * to be slow to collect.
 */
const MAX_PIECE = 64 * 1024;

/**
 * The longest of the marks that we look for at the beginning, and the bytes that they begin with.
 */
const MAX_MARK = 3;
const MARKS_BEGIN = new Set([0xef, 0xfe, 0xff, 0x1f]);

const TO_UTF8 = 'convert it to UTF-8, for example with iconv -f utf-16 -t utf-8';

/**
 * The text of a source as bytes, in pieces, without a byte order mark.
 * @throws SourceInvalid at what cannot be UTF-8 text at all: UTF-16, gzip, a NUL byte. What stands
 *   before a NUL was handed over by then.
 */
export async function* readText(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let offset = 0;
  for await (const { bytes, skipped } of skipMark(source)) {
    offset += skipped;
    for (let at = 0; at < bytes.length; at += MAX_PIECE) {
      const piece = bytes.subarray(at, at + MAX_PIECE);
      const nul = piece.indexOf(0);
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

/** Looks at the beginning, however few bytes come at first. */
async function* skipMark(source: AsyncIterable<Buffer>): AsyncGenerator<{ bytes: Buffer; skipped: number }> {
  let beginning: Buffer | undefined = Buffer.alloc(0);
  for await (const bytes of source) {
    if (beginning === undefined) {
      yield { bytes, skipped: 0 };
      continue;
    }
    beginning = Buffer.concat([beginning, bytes]);
    // Only what may be a mark waits for its end: a pipe may have no more to say for now than one
    // short row.
    if (beginning.length === 0) continue;
    if (beginning.length < MAX_MARK && MARKS_BEGIN.has(beginning[0] ?? 0)) continue;
    yield withoutMark(beginning);
    beginning = undefined;
  }
  if (beginning !== undefined) yield withoutMark(beginning);
}

function withoutMark(bytes: Buffer): { bytes: Buffer; skipped: number } {
  const mark = bytes.toString('hex', 0, MAX_MARK);
  if (mark.startsWith('fffe') || mark.startsWith('feff')) {
    throw new SourceInvalid(`the source looks like UTF-16; ${TO_UTF8}`);
  }
  if (mark.startsWith('1f8b')) {
    throw new SourceInvalid(
      'the source is compressed with gzip; unpack it on the way: zcat <file> | bullpen-producer batch <job> - --format <format>',
    );
  }
  const skipped = mark === 'efbbbf' ? MAX_MARK : 0;
  return { bytes: bytes.subarray(skipped), skipped };
}
