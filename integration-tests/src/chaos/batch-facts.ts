import { join } from 'node:path';
import { batchKeys, type Redis, readFailure } from '@bullpen/shared/internal';
import { BATCH_LINES, type BatchLine } from './batch-lines.js';
import { readLines } from './ledger.js';
import { BATCH, type PlannedBatch } from './planned.js';

/** What Redis holds of the batch when all is settled. */
export interface StoredBatch {
  readonly books: Readonly<Record<string, string>>;
  /** The fate of each row, the first at 0; undefined beyond the last that has one. */
  readonly fates: readonly number[];
  /** What handlers returned, by row. */
  readonly results: Readonly<Record<string, unknown>>;
  /** Why rows failed, and after how many attempts, by row. */
  readonly failures: Readonly<Record<string, { readonly reason: string; readonly attempts: number }>>;
}

/** Everything that is known of the batch of a run. */
export interface BatchFacts {
  readonly planned: PlannedBatch;
  readonly lines: readonly BatchLine[];
  readonly stored: StoredBatch;
}

/** Where a batch was run. */
interface Place {
  readonly folder: string;
  readonly redis: Redis;
  readonly prefix: string;
}

export async function readBatchFacts(planned: PlannedBatch, { folder, redis, prefix }: Place): Promise<BatchFacts> {
  const keys = batchKeys(prefix, planned.queue, BATCH);
  const bits = await redis.getBuffer(keys.fates);
  const results = Object.entries(await redis.hgetall(keys.results));
  const failures = Object.entries(await redis.hgetall(keys.failures)).map(([row, kept]) => {
    const { error, attempts } = readFailure(kept);
    return [row, { reason: `${error.name}: ${error.message}`, attempts }];
  });
  return {
    planned,
    lines: readLines<BatchLine>(join(folder, BATCH_LINES)),
    stored: {
      books: await redis.hgetall(keys.books),
      // Two bits per row, the first row in the highest.
      fates: planned.rows.map((_, at) => ((bits?.[at >> 2] ?? 0) >> (6 - 2 * (at & 3))) & 3),
      results: Object.fromEntries(results.map(([row, text]) => [row, JSON.parse(text)])),
      failures: Object.fromEntries(failures),
    },
  };
}
