import type { JobDefinition } from '@bullpen/shared';
import { batchesKey, hashKey, queueKeys, type ScriptArg } from '@bullpen/shared/internal';
import type { BatchPart, ChunkOptions, JobRow } from './chunk.js';
import { type RowsReply, readRowsReply } from './insert-reply.js';
import { settingsOfRows } from './job-opts.js';
import { Lines } from './lines.js';
import type { ProducerRedis } from './producer-redis.js';

/** Rows of a batch that are sent to Redis in one call. */
export interface RowsChunk {
  readonly prefix: string;
  readonly job: JobDefinition;
  readonly rows: readonly JobRow[];
  readonly options: ChunkOptions;
  readonly batch: BatchPart;
}

/**
 * Prepares a chunk of rows, of at most 1,000 jobs. The returned function sends it. It may be called
 * again after a lost reply: the chunk then finds that the cursor of the batch has moved.
 */
export function prepareRows(chunk: RowsChunk): (redis: ProducerRedis) => Promise<RowsReply> {
  const { prefix, job, rows, batch } = chunk;
  const { books, fates, failures, reasons, results } = batch.keys;
  const [hashes, payloads] = [new Lines(), new Lines()];
  for (const { key, data } of rows) {
    if (key !== undefined) hashes.add(hashKey(job.name, key));
    payloads.add(data);
  }
  const args: ScriptArg[] = [queueKeys(prefix, job.queue).wait, books, fates, failures, reasons, results];
  args.push(batchesKey(prefix, job.queue), describeChunk(chunk), hashes.toArg(), payloads.toArg());
  return async (redis) => readRowsReply(await redis.bullpenInsertRows(...args));
}

/** What the script must know of the chunk as a whole, as JSON. */
function describeChunk({ job, rows, options, batch }: RowsChunk): string {
  const { name, keyField, results, rowsPerJob, retry, isLast, from, to, fromChecksum, toChecksum } = batch;
  return JSON.stringify({
    count: rows.length,
    settings: settingsOfRows(job, options, { keyField, results: results || undefined, batch: name }),
    batch: {
      ...{ name, rowsPerJob, retry, isLast, from, to, fromChecksum, toChecksum, keepKeys: batch.keepKeysMs },
      ...{ rejected: [...batch.rejected].flat(), rows: rangesOf(rows) },
    },
  });
}

/** The rows of a chunk as ranges: from, to, from, to … */
function rangesOf(rows: readonly JobRow[]): number[] {
  const ranges: number[] = [];
  for (const { row = 0 } of rows) {
    if (ranges.at(-1) === row - 1) ranges[ranges.length - 1] = row;
    else ranges.push(row, row);
  }
  return ranges;
}
