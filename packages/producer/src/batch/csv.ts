import { pipeline, type Readable } from 'node:stream';
import { SourceInvalid } from '@bullpen/shared';
import { CsvError, type Info, parse } from 'csv-parse';
import type { SourceRow } from './source.js';

/** A row longer than this is a quote that was never closed, not a row. */
const LONGEST_ROW_BYTES = 16 * 1024 * 1024;

/**
 * CSV with a header line. Every cell is text and an empty cell is an absent field: turn text into numbers in the schema (`z.coerce.number()`).
 * @throws SourceInvalid when the header is unusable
 */
export async function* readCsv(stream: Readable): AsyncIterable<SourceRow> {
  let row = 0;
  const skipped: SourceRow[] = [];
  const csv = parse({
    bom: true,
    columns: readHeader,
    info: true,
    raw: true,
    // A stray quote would swallow the rows after it; relaxed, it stays inside its own row, and we reject that one row below.
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: LONGEST_ROW_BYTES,
    // Called while parsing, so that rows are counted in their order, those passed over included.
    on_record: (record: { record: Record<string, string>; info: Info; raw: string }) => {
      row += 1;
      return toRow(record.record, record.raw, row, record.info.lines);
    },
  });
  csv.on('skip', (error: CsvError & { lines: number }, raw: string | undefined) => {
    row += 1;
    const text = (raw ?? '').trim();
    skipped.push({
      row,
      line: startOf(text, error.lines),
      ok: false,
      reason: error.message,
      text: text.slice(0, 10_000),
    });
  });

  try {
    for await (const record of pipeline(stream, csv, () => undefined) as AsyncIterable<SourceRow>) {
      while (skipped.length > 0) yield skipped.shift() as SourceRow;
      yield record;
    }
  } catch (error) {
    if (error instanceof CsvError) throw new SourceInvalid(`not CSV: ${error.message}`, { cause: error });
    throw error;
  }
  yield* skipped;
}

function readHeader(header: readonly string[]): string[] {
  const names = header.map((name) => name.trim());
  const empty = names.indexOf('');
  if (empty >= 0) throw new SourceInvalid(`column ${empty + 1} of the CSV header has no name`);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new SourceInvalid(`the CSV header names '${twice}' twice`);
  return names;
}

function toRow(record: Record<string, string>, raw: string, row: number, lastLine: number): SourceRow {
  const text = raw.trim();
  const line = startOf(text, lastLine);
  const cells = Object.entries(record).filter(([, cell]) => cell !== '');
  if (!text.includes('""') && cells.some(([, cell]) => cell.includes('"'))) {
    return { row, line, ok: false, reason: 'a quote stands inside a cell; quote the cell and double the quote', text };
  }
  return { row, line, ok: true, value: Object.fromEntries(cells) };
}

/** The line a row starts on, from the line it ends on. */
function startOf(text: string, lastLine: number): number {
  return lastLine - (text.match(/\r\n|\n|\r/g)?.length ?? 0);
}
