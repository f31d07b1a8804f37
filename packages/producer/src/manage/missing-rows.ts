import type { JobDefinition } from '@bullpen/shared';
import {
  expandRows,
  hashKey,
  idForRow,
  queueKeys,
  readBullpenOpts,
  rowOfId,
  SCAN_COUNT,
} from '@bullpen/shared/internal';
import type { BatchSource } from '../batch/batch-options.js';
import { checkRow, isRejected } from '../batch/check-row.js';
import type { BatchBooks } from '../books/books.js';
import type { JobRow } from '../enqueue/chunk.js';
import type { RedisAccess } from '../enqueue/redis-access.js';
import { parseJson } from './row-keys.js';

/** A row that may be missing. Without `data`, its payload is not known. */
export interface MissingRow extends Partial<JobRow> {
  readonly row: number;
  /** The hash of its key; empty without a key. */
  readonly hash: string;
}

/** The rows of a source that are valid, in blocks. */
export async function* rowsOfSource(
  { job, source }: { readonly job: JobDefinition; readonly source: BatchSource },
  { keyField, read }: BatchBooks,
): AsyncIterable<(MissingRow & JobRow)[]> {
  for await (const block of source.blocks) {
    const valid: (MissingRow & JobRow)[] = [];
    for (const found of block) {
      if (found.row > read) break;
      const checked = await checkRow(job, found, keyField);
      if (isRejected(checked)) continue;
      valid.push({ ...checked, row: found.row, hash: checked.key === undefined ? '' : hashKey(job.name, checked.key) });
    }
    yield valid;
    if ((block.at(-1)?.row ?? 0) >= read) return;
  }
}

/** The rows that hold a key, in blocks: they were added, and did not fail. Scans the key space. */
export async function* rowsWithKeys(
  { name, queue }: BatchBooks,
  { prefix, ask }: RedisAccess,
): AsyncIterable<MissingRow[]> {
  const start = `${queueKeys(prefix, queue).base}key:`;
  for await (const keys of scan(`${start}*`, ask)) {
    const holders = await ask((redis) => redis.mget(...keys));
    yield holders.flatMap((holder, at) => {
      const row = rowOfId(name, holder ?? '');
      return row === undefined ? [] : [{ row, hash: (keys[at] as string).slice(start.length) }];
    });
  }
}

/** The rows that shared jobs of the batch have which wait or run. Scans the key space. */
export async function rowsOfSharedJobs(
  { name, queue, rowsPerJob }: BatchBooks,
  { prefix, ask }: RedisAccess,
): Promise<ReadonlySet<number>> {
  const rows = new Set<number>();
  if (rowsPerJob === 1) return rows;
  const { base } = queueKeys(prefix, queue);
  const start = base + idForRow(name, 0).slice(0, -1);
  for await (const keys of scan(`${start}*_*`, ask)) {
    for (const key of keys) {
      // Its lock and its logs have keys that begin in the same way.
      if (!/^\d+_\d+$/.test(key.slice(start.length))) continue;
      const opts = await ask((redis) => redis.bullpenQueuedOpts(key, base, key.slice(base.length)));
      for (const row of expandRows(readBullpenOpts(parseJson(opts ?? '')).rows ?? [])) rows.add(row);
    }
  }
  return rows;
}

async function* scan(pattern: string, ask: RedisAccess['ask']): AsyncIterable<string[]> {
  let cursor = '0';
  do {
    const [next, keys] = await ask((redis) => redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT));
    cursor = next;
    if (keys.length > 0) yield keys;
  } while (cursor !== '0');
}
