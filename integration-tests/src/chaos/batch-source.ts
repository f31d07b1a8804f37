import type { PlannedBatch, PlannedRow } from './planned.js';

/** The file from which the batch is enqueued, in the folder of the run. */
export const SOURCE = 'rows.ndjson';

/** So long that a chunk, which is full when it has a megabyte, takes about fifty rows. */
const PAD = 'x'.repeat(20_000);

/** The rows of a batch as NDJSON. */
export function sourceOf({ rows }: PlannedBatch): string {
  return rows.map((row) => `${lineOf(row)}\n`).join('');
}

function lineOf({ how, ms, ...job }: PlannedRow): string {
  const text = JSON.stringify({ ...job, ms: how === 'invalid' ? 'no number' : ms, pad: PAD });
  return how === 'broken' ? text.slice(0, -1) : text;
}
