import { pipeline, type Readable } from 'node:stream';
import { SourceInvalid } from '@bullpen/shared';
import { CsvError, parse } from 'csv-parse';
import { PAYLOAD_BYTES } from '../payload.js';
import type { SourceRow } from './source-row.js';

/** A row longer than this is a quote that was never closed, not a row. */
const UNCLOSED_BYTES = 16 * 1024 * 1024;
/** No payload is made of a row longer than this. */
const LONGEST_ROW = 2 * PAYLOAD_BYTES;
/** How much of a row that does not parse is kept for people. */
const LONGEST_TEXT = 10_000;

/**
 * CSV with a header line. Every cell is text and an empty cell is an absent field: turn text into numbers in the schema (`z.coerce.number()`).
 * @throws SourceInvalid when the header is unusable
 */
export async function* readCsv(stream: Readable): AsyncIterable<SourceRow> {
  let row = 0;
  let unclosed: SourceRow | undefined;
  const lineOf = lineCounter();
  const csv = parse({
    bom: true,
    columns: readHeader,
    info: true,
    raw: true,
    // Each line may end in its own way: files are glued together from several.
    record_delimiter: ['\r\n', '\n', '\r'],
    // A row with too many or too few cells comes through, with an error beside it: so rows stay in their order.
    relax_column_count: true,
    // A stray quote would swallow the rows after it; relaxed, it stays inside its own row, and we reject that one row below.
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: UNCLOSED_BYTES,
    // Called while parsing, so that rows are counted in their order, those passed over included.
    on_record({ record, raw, info }: ParsedRow): SourceRow {
      row += 1;
      const place = { row, line: lineOf(raw, info.lines) };
      const reason = faultOf({ record, raw, info });
      if (reason !== undefined) return { ...place, ok: false, reason, text: raw.trim().slice(0, LONGEST_TEXT) };
      return {
        ...place,
        text: raw,
        ok: true,
        value: Object.fromEntries(Object.entries(record).filter(([, cell]) => cell !== '')),
      };
    },
  });
  // What the parser passes over is a quote that is never closed: all the text after it is one row.
  csv.on('skip', (error: CsvError & { lines: number }, raw = '') => {
    row += 1;
    const line = lineOf(raw, error.lines);
    if (error.code === 'CSV_MAX_RECORD_SIZE') {
      // The parser cannot go on from here: it would say so again, with all its text, for every piece that follows.
      csv.destroy(new SourceInvalid(`line ${line}: a quote that opens here is not closed within 16 MB`));
    }
    unclosed = { row, line, ok: false, reason: error.message, text: raw.trim().slice(0, LONGEST_TEXT) };
  });

  try {
    yield* pipeline(stream, csv, () => undefined) as AsyncIterable<SourceRow>;
  } catch (error) {
    if (error instanceof CsvError) throw new SourceInvalid(`not CSV: ${error.message}`, { cause: error });
    throw error;
  }
  if (unclosed !== undefined) yield unclosed;
}

function readHeader(header: readonly string[]): string[] {
  const names = header.map((name) => name.trim());
  const empty = names.indexOf('');
  if (empty >= 0) throw new SourceInvalid(`column ${empty + 1} of the CSV header has no name`);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new SourceInvalid(`the CSV header names '${twice}' twice`);
  return names;
}

interface ParsedRow {
  readonly record: Readonly<Record<string, string>>;
  readonly raw: string;
  readonly info: {
    readonly lines: number;
    readonly columns: readonly unknown[];
    readonly error: (CsvError & { readonly record: readonly string[] }) | undefined;
  };
}

/** A row whose quotes all open and close a cell, or are doubled inside such a cell. */
const WELL_QUOTED = /^(?:"[^"]*(?:""[^"]*)*"|[^",]*)(?:,(?:"[^"]*(?:""[^"]*)*"|[^",]*))*$/;

function faultOf({ record, raw, info: { error, columns } }: ParsedRow): string | undefined {
  if (raw.length > LONGEST_ROW) return `is longer than ${LONGEST_ROW} characters`;
  const hasQuote = Object.values(record).some((cell) => cell.includes('"'));
  if (hasQuote && !WELL_QUOTED.test(raw.replace(/^[\r\n]+|[\r\n]+$/g, ''))) {
    return 'a quote stands inside a cell; quote the cell and double the quote';
  }
  return error === undefined ? undefined : `expected ${columns.length} cells, got ${error.record.length}`;
}

/** Finds the line a row starts on from its text and from the line it ends on. To be asked for every row in turn. */
function lineCounter(): (raw: string, lastLine: number) => number {
  // The parser counts a CRLF inside quotes as two lines.
  let counted = 0;
  return (raw, lastLine) => {
    const breaks = raw.trim().match(/\r\n|\n|\r/g) ?? [];
    counted += breaks.filter((end) => end === '\r\n').length;
    return lastLine - counted - breaks.length;
  };
}
