import { isUtf8 } from 'node:buffer';
import { SourceInvalid } from '@bullpen/shared';
import { CsvError } from 'csv-parse';
import { CsvParser, type ParsedRow } from './csv-parser.js';
import { faultOf, readFields, readHeader } from './csv-row.js';
import { CsvText } from './csv-text.js';
import { feedParser } from './feed-parser.js';
import { clipText, MAX_ROW_BYTES, type SourceRow } from './source-row.js';
import { explainBroken, showBroken } from './utf8.js';

/** The parser looks a few bytes ahead before it knows that a row has ended. */
const LOOK_AHEAD_BYTES = 16;

/**
 * Reads CSV with a header line. Every cell is a text; turn it into a number in the schema
 * (`z.coerce.number()`). An empty cell is an absent field.
 * @param onColumns called with the names of the columns, before the first row
 * @throws SourceInvalid when the header is unusable, or a row has no end
 */
export async function* readCsv(
  source: AsyncIterable<Buffer>,
  onColumns: (names: readonly string[]) => void = () => undefined,
): AsyncGenerator<readonly SourceRow[]> {
  const parser = new CsvParser();
  const table = new Table(onColumns);
  try {
    for await (const piece of source) {
      await feedParser(parser, piece);
      yield* table.read(piece, parser.takeRows());
    }
    const isUnclosed = await feedParser(parser, undefined).then(() => false, isUnclosedQuote);
    yield* table.read(Buffer.alloc(0), parser.takeRows());
    if (isUnclosed) yield [table.refuseRest()];
  } finally {
    parser.destroy();
  }
}

function isUnclosedQuote(error: unknown): boolean {
  if (error instanceof CsvError && error.code === 'CSV_QUOTE_NOT_CLOSED') return true;
  throw error;
}

/** The rows of a table, as far as they were read. */
class Table {
  readonly #text = new CsvText();
  readonly #onColumns: (names: readonly string[]) => void;
  #names: readonly string[] | undefined;
  #row = 0;

  constructor(onColumns: (names: readonly string[]) => void) {
    this.#onColumns = onColumns;
  }

  /**
   * Makes rows from what the parser found in `piece`. When a row has no end, the rows before it are
   * yielded first.
   */
  *read(piece: Buffer, parsed: readonly ParsedRow[]): Generator<readonly SourceRow[]> {
    this.#text.append(piece);
    const rows: SourceRow[] = [];
    let endless: SourceInvalid | undefined;
    for (const { cells, end } of parsed) {
      const { bytes, line } = this.#text.cut(end);
      // Refused even though its end was found, because that depends on the pieces in which the text
      // came.
      if (bytes.length > MAX_ROW_BYTES) endless = tooLong(line, bytes.includes('"'));
      if (endless !== undefined) break;
      if (this.#names === undefined) this.#readHeader(cells, bytes);
      else rows.push(this.#makeRow(this.#names, cells, bytes, line));
    }
    if (endless === undefined && this.#text.length > MAX_ROW_BYTES + LOOK_AHEAD_BYTES) {
      endless = tooLong(this.#text.line, this.#text.includes('"'));
    }
    if (rows.length > 0) yield rows;
    if (endless !== undefined) throw endless;
  }

  /** Makes one refused row of the text after a quote that is never closed. */
  refuseRest(): SourceRow {
    const { bytes, line } = this.#text.rest();
    if (this.#names === undefined) throw new SourceInvalid('in the CSV header, a quote opens that is never closed');
    this.#row += 1;
    const text = isUtf8(bytes) ? clipText(bytes.toString('utf8')) : showBroken(bytes);
    const reason = `a quote opens in this row, which begins on line ${line}, and is never closed; all text after it was taken as part of the row`;
    return { row: this.#row, line, text, ok: false, reason };
  }

  #readHeader(cells: readonly string[], bytes: Buffer): void {
    if (!isUtf8(bytes)) throw new SourceInvalid(`the CSV header ${explainBroken(bytes)}`);
    this.#names = readHeader(cells, bytes.toString('utf8'));
    this.#onColumns(this.#names);
  }

  #makeRow(names: readonly string[], cells: readonly string[], bytes: Buffer, line: number): SourceRow {
    this.#row += 1;
    const row = this.#row;
    if (!isUtf8(bytes)) return { row, line, text: showBroken(bytes), ok: false, reason: explainBroken(bytes) };
    const text = bytes.toString('utf8');
    const reason = faultOf(cells, text, names.length);
    if (reason !== undefined) return { row, line, text: clipText(text), ok: false, reason };
    return { row, line, text, ok: true, value: readFields(names, cells) };
  }
}

/**
 * The error for a row without an end. We do not look for the next row: where it begins depends on
 * which quote is wrong.
 */
function tooLong(line: number, hasQuote: boolean): SourceInvalid {
  const what = hasQuote ? 'a quote that opens here is not closed within' : 'the row that begins here is longer than';
  return new SourceInvalid(`line ${line}: ${what} 16 MB`);
}
