import type { Fault, JobDefinition } from '@bullpen/shared';
import { type Parsed, readRowKey } from '@bullpen/shared/internal';
import type { JobRow } from '../enqueue/chunk.js';
import { checkJson, writePayload } from '../enqueue/payload.js';
import type { SourceRow } from '../source/source-row.js';

/** A row that was not enqueued, and why. */
export interface RejectedRow {
  /** The number of the row in its source, counted from 1. */
  readonly row: number;
  /** The line on which the row starts. `undefined` when the format has no lines. */
  readonly line: number | undefined;
  /** Every reason why it was rejected. */
  readonly faults: readonly Fault[];
  /** The row as it was read: its value, or its text when it did not parse. */
  readonly input: unknown;
  /**
   * The JSON text of the row, when the source has it. It keeps numbers that the value cannot hold.
   */
  readonly json?: string;
}

/**
 * Checks a row of a source. Returns the row ready to be enqueued, or rejected. Returns a promise
 * only when the schema does.
 */
export function checkRow(
  job: JobDefinition,
  row: SourceRow,
  keyField: string | undefined,
): JobRow | RejectedRow | Promise<JobRow | RejectedRow> {
  if (!row.ok) return reject(row, [{ path: '', reason: row.reason }]);
  const { value, json } = row;
  const checking = json === undefined ? writePayload(job, value) : checkJson(job, json, value);
  return checking instanceof Promise
    ? checking.then((checked) => withKey(row, checked, keyField))
    : withKey(row, checking, keyField);
}

/** Whether a checked row was rejected. */
export function isRejected(checked: JobRow | RejectedRow): checked is RejectedRow {
  return 'faults' in checked;
}

function withKey(
  row: SourceRow & { readonly ok: true },
  checked: Parsed<string>,
  keyField: string | undefined,
): JobRow | RejectedRow {
  const key = keyField === undefined ? undefined : readRowKey(row.value, keyField);
  const wrongKey = key !== undefined && 'reason' in key ? [{ path: keyField ?? '', reason: key.reason }] : [];
  if (!checked.ok || wrongKey.length > 0) return reject(row, [...(checked.ok ? [] : checked.faults), ...wrongKey]);
  return { key: key !== undefined && 'key' in key ? key.key : undefined, row: row.row, data: checked.value };
}

function reject(row: SourceRow, faults: readonly Fault[]): RejectedRow {
  const { line } = row;
  if (!row.ok) return { row: row.row, line, faults, input: row.text };
  return { row: row.row, line, faults, input: row.value, ...(row.json === undefined ? {} : { json: row.json }) };
}
