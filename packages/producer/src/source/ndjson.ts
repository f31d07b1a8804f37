import { readJsonRow } from './json-row.js';
import { CLIPPED_BYTES, clipBytes, MAX_ROW_BYTES, type SourceRow } from './source-row.js';

const NEWLINE = 0x0a;

/**
 * Reads one JSON value per line. Skips blank lines. A line that is not JSON, not UTF-8 or too long
 * is a row that does not parse; the next line is read all the same.
 *
 * We look for the newlines ourselves, because that is faster. A row of 110 bytes takes 0.9 µs
 * (JSON.parse alone takes 0.65). It takes 2.2 µs with split2, most of it for the stream, and 1.4 µs
 * when a block is decoded first and then split. And split2 does not find bytes that are not UTF-8,
 * and does not go on after a line that is too long. node:readline breaks lines at U+2028, which
 * JSON may contain.
 */
export async function* readNdjson(source: AsyncIterable<Buffer>): AsyncGenerator<readonly SourceRow[]> {
  const open = new OpenLine();
  let line = 0;
  let row = 0;
  let rows: SourceRow[] = [];
  const take = (bytes: Buffer, length: number): void => {
    line += 1;
    const next = length > MAX_ROW_BYTES ? refuseLong(bytes, length, row + 1, line) : readJsonRow(bytes, row + 1, line);
    if (next === undefined) return;
    row += 1;
    rows.push(next);
  };

  for await (const piece of source) {
    let from = 0;
    for (let to = piece.indexOf(NEWLINE); to >= 0; to = piece.indexOf(NEWLINE, from)) {
      if (open.length > 0) {
        open.append(piece.subarray(from, to));
        take(...open.end());
      } else take(piece.subarray(from, to), to - from);
      from = to + 1;
    }
    open.append(piece.subarray(from));
    if (rows.length > 0) yield rows;
    rows = [];
  }
  if (open.length > 0) take(...open.end());
  if (rows.length > 0) yield rows;
}

/**
 * A line whose newline has not come yet, in pieces. When it gets too long, only its beginning is
 * kept and the rest is counted.
 */
class OpenLine {
  length = 0;
  #pieces: Buffer[] = [];

  append(piece: Buffer): void {
    if (this.length <= MAX_ROW_BYTES && piece.length > 0) this.#pieces.push(piece);
    this.length += piece.length;
    if (this.length > MAX_ROW_BYTES && this.#pieces.length > 1) {
      this.#pieces = [Buffer.concat(this.#pieces, CLIPPED_BYTES)];
    }
  }

  /** Ends the line. Returns what was kept of it, and its length in bytes. */
  end(): [bytes: Buffer, length: number] {
    const ended: [Buffer, number] = [Buffer.concat(this.#pieces), this.length];
    this.#pieces = [];
    this.length = 0;
    return ended;
  }
}

function refuseLong(beginning: Buffer, length: number, row: number, line: number): SourceRow {
  const reason = `has ${length} bytes, more than the ${MAX_ROW_BYTES} that a row may have; is this one JSON value per line?`;
  return { row, line, text: clipBytes(beginning), ok: false, reason };
}
