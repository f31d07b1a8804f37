import type { BatchRef } from '@bullpen/shared';
import type { CursorMove, JobRow } from '../enqueue/chunk.js';
import { sourceChanged } from './source-changed.js';

/** Which rows of the source a chunk covers, with what is needed to send only a part of it. */
export interface ChunkRange extends Omit<CursorMove, 'rejected'> {
  /** The running checksum after each row that the chunk covers. */
  readonly checksums: readonly number[];
  /** Which of these rows were rejected, and why. */
  readonly rejectedRows: ReadonlyMap<number, string>;
}

/** The rows of a chunk with the range that they cover. */
export interface RangedRows {
  readonly rows: readonly JobRow[];
  readonly range: ChunkRange;
}

/**
 * The rest of a chunk when the cursor of the batch stands at row `read`, whoever moved it there.
 * `undefined` when nothing is left to send.
 * @throws SourceInvalid when the rows up to the cursor are not the rows of our source
 */
export function restAfter(
  { rows, range }: RangedRows,
  { read, checksum }: { readonly read: number; readonly checksum: string },
  batch: BatchRef,
): RangedRows | undefined {
  const { to, isLast } = range;
  // A cursor behind this chunk is compared by the later chunk that reaches as far.
  if (read > to && !isLast) return undefined;
  const covered = read - range.from;
  const ours = read === to ? range.toChecksum : String(range.checksums[covered - 1]);
  if (read > to || checksum !== ours) throw sourceChanged(batch);
  // A last chunk is sent even without rows: Redis may not know yet that the source ends here.
  if (read === to && !isLast) return undefined;
  return {
    rows: rows.filter(({ row = 0 }) => row > read),
    range: {
      ...{ ...range, from: read, fromChecksum: ours, checksums: range.checksums.slice(covered) },
      rejectedRows: new Map([...range.rejectedRows].filter(([row]) => row > read)),
    },
  };
}
