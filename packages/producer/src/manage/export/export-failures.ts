import type { Writable } from 'node:stream';
import type { BatchView } from '../../books/batch-view.js';
import type { FailedRow } from '../../books/kept-rows.js';
import type { Batches } from '../batches.js';
import { failedTable } from './tables.js';

/** How failed rows are exported. */
export interface ExportFailuresOptions {
  /** What is written: CSV with the columns of the source, or one JSON object per line. */
  readonly format: 'csv' | 'ndjson';
  /**
   * Changes each row before it is written, for example to remove what must not be seen. It must
   * keep the names of the payload's fields.
   */
  readonly change?: (row: FailedRow) => FailedRow;
  /** Ends the export. What was written until then is not complete. */
  readonly signal: AbortSignal;
}

/**
 * Writes the failed rows of a batch as `bullpen-producer batches export` does, and ends the stream.
 * Keeps one page of rows in memory.
 * @param view the answer of `batches.show`
 * @param batches `producer.batches`
 * @param output where the rows go; it is ended
 * @param options the format, and what may change or end the export
 * @returns how many rows were written
 * @example
 * const view = await producer.batches.show({ name: 'march' });
 * const output = createWriteStream('failed.csv');
 * await exportFailures(producer.batches, view, output, { format: 'csv', signal });
 * @throws OptionsInvalid when the rows have too many different fields for a table;
 *   RedisUnavailable; any error of the stream
 * @remarks Moves to a package of its own, `@bullpen/control`.
 */
export async function exportFailures(
  batches: Batches,
  view: BatchView,
  output: Writable,
  { format, change, signal }: ExportFailuresOptions,
): Promise<number> {
  async function* failures(...which: Parameters<Batches['failures']>): AsyncIterable<FailedRow> {
    for await (const row of batches.failures(...which)) {
      // To find the columns, all rows may be read before the first one is written.
      signal.throwIfAborted();
      // A change is made to the value of a payload. Its text is still as it was.
      yield change === undefined ? row : { ...change(row), json: undefined };
    }
  }
  const table = await failedTable({ failures }, view, format);
  // Loaded only when something is exported, because it loads a library.
  const { writeTable } = await import('./write-table.js');
  return writeTable(table, output, signal);
}
