import { SourceInvalid } from '@bullpen/shared';
import { CsvError } from 'csv-parse';
import { checkDelimiter, DEFAULT_DELIMITER, readBeginning } from './csv-delimiter.js';
import { CsvParser, type ParsedRow } from './csv-parser.js';
import { CellChecks, readFields } from './csv-row.js';
import { CsvText } from './csv-text.js';
import { feedParser } from './feed-parser.js';
import { clipText, MAX_ROW_BYTES, type SourceRow } from './source-row.js';
import { showBroken, textFault } from './utf8.js';

/** The parser looks a few bytes ahead before it knows that a row has ended. */
const LOOK_AHEAD_BYTES = 16;

/** How {@link readCsv} reads a table. */
export interface CsvOptions {
  /** What separates the cells. Default: what the first line names (`sep=;`), or a comma. */
  readonly delimiter?: string | undefined;
  /** Called with the names of the columns, before the first row. */
  readonly onColumns?: (names: readonly string[]) => void;
}

/**
 * Reads CSV with a header line. Every cell is a text; turn it into a number in the schema
 * (`z.coerce.number()`). An empty cell is an absent field.
 * @throws SourceInvalid when the header is unusable, or a row has no end
 */
export async function* readCsv(
  source: AsyncIterable<Buffer>,
  { delimiter: given, onColumns = () => undefined }: CsvOptions = {},
): AsyncGenerator<readonly SourceRow[]> {
  const { named, pieces } = await readBeginning(source);
  const delimiter = given ?? named ?? DEFAULT_DELIMITER;
  const parser = new CsvParser(delimiter);
  const isGuess = given === undefined && named === undefined;
  const table = new Table({ delimiter, isGuess, isNamed: named !== undefined, onColumns });
  try {
    for await (const piece of pieces) {
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

interface TableOptions {
  readonly delimiter: string;
  /** Whether nobody said what the delimiter is. */
  readonly isGuess: boolean;
  /** Whether the first line names the delimiter, and the header is the line after it. */
  readonly isNamed: boolean;
  readonly onColumns: (names: readonly string[]) => void;
}

/** The rows of a table, as far as they were read. */
class Table {
  readonly #text = new CsvText();
  readonly #options: TableOptions;
  readonly #cells: CellChecks;
  #isBeforeHeader: boolean;
  #names: readonly string[] | undefined;
  #row = 0;

  constructor(options: TableOptions) {
    this.#options = options;
    this.#cells = new CellChecks(options.delimiter);
    this.#isBeforeHeader = options.isNamed;
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
      if (this.#isBeforeHeader) this.#isBeforeHeader = false;
      else if (this.#names === undefined) this.#readHeader(cells, bytes);
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
    const text = textFault(bytes) === undefined ? clipText(bytes.toString('utf8')) : showBroken(bytes);
    const reason = `a quote opens in this row, which begins on line ${line}, and is never closed; all text after it was taken as part of the row`;
    return { row: this.#row, line, text, ok: false, reason };
  }

  #readHeader(cells: readonly string[], bytes: Buffer): void {
    const fault = textFault(bytes);
    if (fault !== undefined) throw new SourceInvalid(`the CSV header ${fault}`);
    const text = bytes.toString('utf8');
    if (this.#options.isGuess) checkDelimiter(text, cells.length);
    this.#names = this.#cells.readHeader(cells, text);
    this.#options.onColumns(this.#names);
  }

  #makeRow(names: readonly string[], cells: readonly string[], bytes: Buffer, line: number): SourceRow {
    this.#row += 1;
    const row = this.#row;
    const fault = textFault(bytes);
    if (fault !== undefined) return { row, line, text: showBroken(bytes), ok: false, reason: fault };
    const text = bytes.toString('utf8');
    const reason = this.#cells.faultOf(cells, text, names.length);
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
