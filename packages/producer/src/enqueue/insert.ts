import type { JobDefinition } from '@bullpen/shared';
import {
  batchesKey,
  batchKeys,
  hashKey,
  idForKey,
  newId,
  newMark,
  queueKeys,
  type ScriptArg,
} from '@bullpen/shared/internal';
import type { BatchPart, ChunkOptions, JobRow } from './chunk.js';
import { type InsertReply, readInsertReply } from './insert-reply.js';
import { optsAroundId, optsAroundRows } from './job-opts.js';
import type { ProducerRedis } from './producer-redis.js';

/** What is sent to Redis in one call. */
export interface Chunk {
  readonly prefix: string;
  readonly job: JobDefinition;
  readonly rows: readonly JobRow[];
  readonly options: ChunkOptions;
  readonly batch: BatchPart | undefined;
  /** The timestamp of the jobs (ms since 1970). */
  readonly now: number;
}

/**
 * Prepares one chunk of at most 1,000 jobs. The returned function sends it. It may be called again
 * after a lost reply: the ids of the jobs are new, and stay the same however often the chunk is
 * sent, so it recognises its own jobs.
 */
export function prepareChunk(given: Chunk): (redis: ProducerRedis) => Promise<InsertReply> {
  const chunk = { ...given, options: due(given.options, given.now) };
  const { prefix, job, rows, batch } = chunk;
  const mark = newMark();
  const ids = batch === undefined ? rows.map(({ key }) => idOf(job, key, mark)) : [];
  const { base, wait, meta, id, delayed, prioritized, pc, marker, events, active } = queueKeys(prefix, job.queue);
  const args: ScriptArg[] = [wait, meta, id, delayed, prioritized, pc, marker, events, active];
  // A chunk of no batch names these keys as well: the number of keys of a command is fixed.
  const { books, fates, failures, reasons, results } = batch?.keys ?? batchKeys(prefix, job.queue, '');
  args.push(books, fates, failures, reasons, results, batchesKey(prefix, job.queue));
  args.push(describeChunk(chunk, base));
  let [names, payloads] = ['', ''];
  // Neither an id, a hash nor JSON on one line has a line break.
  for (const id of ids) names += `${id}\n`;
  for (const { key, data } of rows) {
    if (batch !== undefined && key !== undefined) names += `${hashKey(job.name, key)}\n`;
    payloads += `${data}\n`;
  }
  // As bytes: V8 would move texts of this length out of its young space before it collects them.
  args.push(Buffer.from(names), Buffer.from(payloads));
  const again: string[] = [];
  return async (redis) => {
    const reply = redis.bullpenInsert(...args, ...again);
    again[0] = 'again';
    return readInsertReply(await reply, ids);
  };
}

const idOf = (job: JobDefinition, key: string | undefined, mark: string): string =>
  key === undefined ? newId() : idForKey(job.name, key, mark);

/** What the script must know of the chunk as a whole, as JSON. */
function describeChunk({ job, rows, options, batch, now }: Chunk, base: string): string {
  const { delayMs, priority, expiresAt, maxWaiting, expiresInMs = job.expiresInMs } = options;
  const bullpen = {
    expiresAt: expiresAt ?? (expiresInMs === undefined ? undefined : now + delayMs + expiresInMs),
    ...(batch && { keyField: batch.keyField, results: batch.results || undefined, batch: batch.name }),
  };
  return JSON.stringify({
    ...{ base, name: job.name, now: String(now), delay: delayMs, priority, maxWaiting, count: rows.length },
    keyed: rows[0]?.key !== undefined,
    opts: batch === undefined ? optsAroundId(job, options, bullpen) : optsAroundRows(job, options, bullpen),
    keepKeys: batch?.keepKeysMs,
    batch: batch && {
      ...{ name: batch.name, rowsPerJob: batch.rowsPerJob, retry: batch.retry, isLast: batch.isLast },
      ...{ from: batch.from, to: batch.to, rejected: [...batch.rejected].flat(), rows: rangesOf(rows) },
      ...{ fromChecksum: batch.fromChecksum, toChecksum: batch.toChecksum },
    },
  });
}

/** The options with the wait until the instant at which the jobs are due. A past instant is now. */
function due({ dueAt, ...options }: ChunkOptions, now: number): ChunkOptions {
  return dueAt === undefined ? options : { ...options, delayMs: Math.max(0, dueAt - now) };
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
