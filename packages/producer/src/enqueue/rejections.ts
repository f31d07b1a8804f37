import type { Fault } from '@bullpen/shared';
import { listFaults, reasonOfFailure } from '@bullpen/shared/internal';

/** The most reasons that the books of a batch keep, and that one chunk tells. */
const MAX_REASONS = 20;
/** Counts the rows whose reason found no room. */
const OTHERS = '(other reasons)';
/** The fields of the books that count rejected rows by reason begin with this. */
const FIELD = 'rejected for ';

/**
 * Lua that counts rejected rows in the books of a batch, in all and by reason. Expects `batch` and
 * `books` of the insert script.
 */
export const COUNT_REJECTED = `
  for at = 1, #batch.rejected, 2 do
    local field, count = '${FIELD}' .. batch.rejected[at], batch.rejected[at + 1]
    local isNew = call('HEXISTS', books[1], field) == 0
    if isNew and call('HINCRBY', books[1], 'rejectReasons', 1) > ${MAX_REASONS} then field = '${FIELD}${OTHERS}' end
    call('HINCRBY', books[1], field, count)
    call('HINCRBY', books[1], 'rejected', count)
  end
`;

/**
 * A reason why rows were rejected. Numbers, ids and quoted texts are replaced by `…`, so that many
 * rows share a reason.
 */
export interface RejectionReason {
  /** The reason: every fault of a row, with the path of its field. */
  readonly reason: string;
  /** How many rows were rejected for it. */
  readonly count: number;
}

/** The reason why a row was rejected, a text that many rows share. */
export const reasonOfRejection = (faults: readonly Fault[]): string =>
  reasonOfFailure({ name: 'row', message: listFaults(faults) }).slice('row: '.length);

/** Counts rejected rows by reason. Beyond twenty reasons, the rest is counted as one. */
export function tallyRejections(reasons: Iterable<string>): ReadonlyMap<string, number> {
  const tally = new Map<string, number>();
  for (const given of reasons) {
    const reason = tally.has(given) || tally.size < MAX_REASONS ? given : OTHERS;
    tally.set(reason, (tally.get(reason) ?? 0) + 1);
  }
  return tally;
}

/** Reads from the hash of a batch why rows were rejected. The most frequent reason first. */
export function readRejections(hash: Readonly<Record<string, string>>): RejectionReason[] {
  return Object.entries(hash)
    .flatMap(([field, count]) =>
      field.startsWith(FIELD) ? [{ reason: field.slice(FIELD.length), count: Number(count) }] : [],
    )
    .sort((a, b) => b.count - a.count);
}
