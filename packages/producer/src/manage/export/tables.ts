import { OptionsInvalid } from '@bullpen/shared';
import type { BatchView } from '../../books/batch-view.js';
import type { FailedRow, RowResult } from '../../books/kept-rows.js';
import type { Batches } from '../batches.js';
import { cellOf, type FailedShape, findShape, shapeWith, toCells, toJson } from './failed-shape.js';

/** What is exported: rows of cells under a header, or lines of JSON. */
export type Table =
  | { readonly format: 'csv'; readonly head: readonly string[]; readonly rows: AsyncIterable<readonly string[]> }
  | { readonly format: 'ndjson'; readonly rows: AsyncIterable<string> };

/**
 * The table of the failed rows of a batch.
 * @throws OptionsInvalid when the rows have too many different fields for a table
 */
export async function failedTable(
  batches: Pick<Batches, 'failures'>,
  view: BatchView,
  format: Table['format'],
): Promise<Table> {
  const { name, queue, columns } = view;
  const rows = (): AsyncIterable<FailedRow> => batches.failures({ name, queue });
  const shape = columns === undefined ? await findShape(rows()) : shapeWith(columns);
  if (shape === undefined) {
    const reason = 'the rows have too many different fields for a table; ask for ndjson';
    if (format === 'csv') throw new OptionsInvalid('cannot export', [{ path: '--format', reason }]);
  }
  // No source has a field of this name by accident.
  const { error, attempts } = shape ?? { error: 'bullpen_error', attempts: 'bullpen_attempts' };
  const known: FailedShape = { columns: shape?.columns ?? [], error, attempts };
  if (format === 'ndjson') return { format, rows: map(rows(), (row) => toJson(row, known)) };
  return { format, head: [...known.columns, error, attempts], rows: map(rows(), (row) => toCells(row, known)) };
}

/**
 * The table of what the handlers of a batch returned.
 * @throws OptionsInvalid when the batch keeps no results
 */
export function resultTable(batches: Batches, view: BatchView, format: Table['format']): Table {
  const { name, queue } = view;
  if (!view.results) {
    const reason = `batch '${name}' keeps no results: it was enqueued without --results`;
    throw new OptionsInvalid('cannot export', [{ path: '--results', reason }]);
  }
  const rows = batches.results({ name, queue });
  if (format === 'ndjson') return { format, rows: map(rows, (kept) => JSON.stringify(resultObject(kept))) };
  const cells = (kept: RowResult): string[] => {
    const { row, result, note = '' } = resultObject(kept);
    return [String(row), cellOf(result), note];
  };
  return { format, head: ['row', 'result', 'note'], rows: map(rows, cells) };
}

function resultObject(kept: RowResult): { row: number; result?: unknown; note?: string } {
  if ('result' in kept) return kept;
  return { row: kept.row, note: `not kept: ${kept.tooLong} characters as JSON` };
}

async function* map<A, B>(rows: AsyncIterable<A>, change: (row: A) => B): AsyncIterable<B> {
  for await (const row of rows) yield change(row);
}
