import type { Writable } from 'node:stream';
import type { BatchView } from '../../books/batch-view.js';
import type { FailedRow } from '../../books/kept-rows.js';
import type { Batches } from '../batches.js';
import { failedTable } from './tables.js';

/** How failed rows are exported. */
export interface ExportFailuresOptions {
  readonly format: 'csv' | 'ndjson';
  /**
   * Changes each row before it is written: takes out what must not be seen, say. Must leave the
   * names of the payload's fields.
   */
  readonly change?: (row: FailedRow) => FailedRow;
  /** Ends the export; what was written until then is no complete file. */
  readonly signal: AbortSignal;
}

/**
 * Writes the failed rows of a batch as `bullpen-producer batches export` does, and ends the stream.
 * Memory stays flat.
 * @param view what `batches.show` has said of the batch
 * @returns how many rows were written
 * @throws OptionsInvalid when they have too many different fields for a table; RedisUnavailable;
 *   what the stream throws
 */
export async function exportFailures(
  batches: Batches,
  view: BatchView,
  output: Writable,
  { format, change = (row) => row, signal }: ExportFailuresOptions,
): Promise<number> {
  async function* failures(...which: Parameters<Batches['failures']>): AsyncIterable<FailedRow> {
    for await (const row of batches.failures(...which)) {
      // Rows may all be read before the first is written: to find their columns.
      signal.throwIfAborted();
      yield change(row);
    }
  }
  const table = await failedTable({ failures }, view, format);
  // Loaded when something is exported: it brings a library with it.
  const { writeTable } = await import('./write-table.js');
  return writeTable(table, output, signal);
}
