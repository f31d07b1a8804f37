import type { JobDefinition } from '@bullpen/shared';
import { type BatchKeys, batchesKey, batchKeys, cancelledKey, type Redis } from '@bullpen/shared/internal';
import { INSERT_SCRIPT } from './insert-script.js';

/** One job, or one row of a batch, on its way to Redis: validated, its payload already JSON. */
export interface JobRow {
  /** The job's id; of a row of a batch the id that its key stands for, or `''` when it has none. */
  readonly id: string;
  /** Which row of the batch it is. */
  readonly row?: number;
  readonly data: string;
}

/** What all jobs of one call have in common. */
export interface Terms {
  /** How long to wait before the first attempt, ms. */
  readonly delayMs: number;
  /** 1 is the highest; 0 means none. */
  readonly priority: number;
  /**
   * When the jobs expire (ms since 1970); by default so long after they are due as their definition
   * says.
   */
  readonly expiresAt: number | undefined;
  /** Whether the ids stand for keys. */
  readonly keyed: boolean;
  /** Add nothing while this many jobs wait on the queue. */
  readonly maxWaiting: number | undefined;
}

/** What became of a row: this call stored it, or a job with its id or key was there already. */
export type Added = 'added' | 'duplicate';

/** The batch that a chunk is part of, and which part. */
export interface BatchPart {
  readonly name: string;
  readonly keys: BatchKeys;
  readonly rowsPerJob: number;
  readonly keyField: string | undefined;
  readonly results: boolean;
  /** How long the key of a row stays taken, in milliseconds. */
  readonly keepKeysMs: number;
  /** Its rows failed, and are to be enqueued again. */
  readonly retry?: boolean;
  /**
   * The rows of the source that it covers, rejected ones included: those after `from`, up to `to`.
   */
  readonly from: number;
  readonly to: number;
  /** The running checksum of the source at either end. */
  readonly fromChecksum: string;
  readonly toChecksum: string;
  readonly rejected: number;
  /** Whether the source ends here. */
  readonly isLast: boolean;
}

/** What Redis answered to a chunk. */
export type Inserted =
  | { readonly kind: 'ok'; readonly answers: Added[]; readonly counts: BatchTotals | undefined }
  /** Too many jobs wait; nothing was done. */
  | { readonly kind: 'full'; readonly waiting?: number }
  /**
   * The queue has jobs with priorities and these have none, or the other way round; nothing was
   * done.
   */
  | { readonly kind: 'mixed' }
  | { readonly kind: 'gone' | 'cancelled' | 'changed' }
  /** The batch was read further already, or not so far yet. */
  | { readonly kind: 'ahead' | 'elsewhere'; readonly read: number; readonly checksum: string };

/** How far a batch is in all, whoever read it. */
export interface BatchTotals {
  readonly read: number;
  readonly added: number;
  readonly duplicate: number;
  readonly rejected: number;
}

/** The most jobs in one call: it keeps one script under some 10 ms of Redis' time. */
export const CHUNK_JOBS = 1_000;
/** The most rows in one call, where several share a job. */
export const CHUNK_ROWS = 5_000;
/** A chunk is also closed when its payloads reach this many bytes. */
export const CHUNK_BYTES = 1_048_576;

type Reply = [word: Inserted['kind'], ...rest: string[]];
type WithInsert = Redis & { bullpenInsert(...args: (string | number | Buffer)[]): Promise<Reply> };

/**
 * Teaches a connection the insert script; call once per connection, before a chunk is sent on it.
 */
export function defineInsert(redis: Redis): void {
  redis.defineCommand('bullpenInsert', { numberOfKeys: 16, lua: INSERT_SCRIPT });
}

/** What {@link prepareChunk} makes a chunk of. */
export interface ChunkDeps {
  readonly prefix: string;
  readonly job: JobDefinition;
  readonly rows: readonly JobRow[];
  readonly terms: Terms;
  /** Names this call; no other call may use it. */
  readonly enqueue: string;
  readonly batch: BatchPart | undefined;
  /** The jobs' timestamp, ms since 1970. */
  readonly now: number;
}

/**
 * Prepares one chunk of at most {@link CHUNK_JOBS} jobs. What is returned sends it, as often as it
 * takes: sent again it adds nothing twice.
 */
export function prepareChunk({ prefix, job, rows, terms, enqueue, batch, now }: ChunkDeps) {
  const base = `${prefix}:${job.queue}:`;
  const args: (string | number | Buffer)[] = [];
  for (const key of ['wait', 'meta', 'id', 'delayed', 'prioritized', 'pc', 'marker', 'events', 'active']) {
    args.push(base + key);
  }
  args.push(cancelledKey(prefix, job.queue));
  // A chunk of no batch names its keys all the same: their number is fixed.
  const { books, fates, failures, reasons, results } = batch?.keys ?? batchKeys(prefix, job.queue, '');
  args.push(books, fates, failures, reasons, results, batchesKey(prefix, job.queue));
  args.push(describe({ base, job, rows, terms, enqueue, batch, now }));
  let [ids, payloads] = ['', ''];
  // No line break stands in an id or in JSON on one line.
  for (const { id, data } of rows) {
    if (id !== '') ids += `${id}\n`;
    payloads += `${data}\n`;
  }
  // As bytes: texts of this length would leave V8's young space, all of them, before they are
  // collected.
  args.push(Buffer.from(ids), Buffer.from(payloads));
  const again: string[] = [];
  return async (redis: Redis): Promise<Inserted> => {
    const reply = (redis as WithInsert).bullpenInsert(...args, ...again);
    again[0] = 'again';
    return readReply(await reply);
  };
}

/** What the script is told of a chunk as a whole. */
function describe({ base, job, rows, terms, enqueue, batch, now }: Omit<ChunkDeps, 'prefix'> & { base: string }) {
  const { delayMs, priority, expiresAt, keyed, maxWaiting } = terms;
  const ours = {
    expiresAt: expiresAt ?? (job.expiresInMs === undefined ? undefined : now + delayMs + job.expiresInMs),
    ...(batch === undefined
      ? { enqueue }
      : { keyField: batch.keyField, results: batch.results || undefined, batch: batch.name }),
  };
  return JSON.stringify({
    ...{ base, name: job.name, now: String(now), delay: delayMs, priority, keyed, maxWaiting, count: rows.length },
    mark: `"enqueue":"${enqueue}"`,
    opts: batch === undefined ? optsAroundId(job, terms, ours) : optsOfRow(job, terms, ours),
    keepKeys: batch?.keepKeysMs,
    batch: batch && {
      ...{ name: batch.name, rowsPerJob: batch.rowsPerJob, retry: batch.retry, isLast: batch.isLast },
      ...{ from: batch.from, to: batch.to, rejected: batch.rejected, rows: rangesOf(rows) },
      ...{ fromChecksum: batch.fromChecksum, toChecksum: batch.toChecksum },
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

// Stands where the id goes: before all that a user may have written.
const ID = '\uE000';

/** The `opts` of single jobs, in two pieces: the id goes between them. */
function optsAroundId(job: JobDefinition, terms: Terms, bullpen: object): string[] {
  const opts = JSON.stringify(optsOf(job, terms, { jobId: ID }, bullpen));
  const id = opts.indexOf(ID);
  return [opts.slice(0, id), opts.slice(id + ID.length)];
}

/**
 * The `opts` of rows of a batch, the same for all of them (a row is known by its job's id), in two
 * pieces: of a job that several rows share they are named in between.
 */
function optsOfRow(job: JobDefinition, terms: Terms, bullpen: object): string[] {
  const opts = JSON.stringify(optsOf(job, terms, {}, bullpen));
  return [opts.slice(0, -2), opts.slice(-2)];
}

/**
 * Attempts and backoff are in BullMQ's own words, so that a stock worker honours them as well as it
 * can (it knows no cap).
 */
function optsOf(job: JobDefinition, { delayMs, priority }: Terms, id: object, bullpen: object): object {
  const { type, delayMs: delay, jitter } = job.backoff;
  return {
    attempts: job.maxAttempts,
    backoff: { type, delay, jitter },
    ...id,
    ...(delayMs > 0 ? { delay: delayMs } : {}),
    ...(priority > 0 ? { priority } : {}),
    bullpen,
  };
}

function readReply([kind, ...rest]: Reply): Inserted {
  switch (kind) {
    case 'ok': {
      const [answers = '', ...counts] = rest;
      const [read, added, duplicate, rejected] = counts.map(Number);
      return {
        kind,
        answers: Array.from(answers, (answer) => (answer === 'a' ? 'added' : 'duplicate')),
        counts: read === undefined ? undefined : ({ read, added, duplicate, rejected } as BatchTotals),
      };
    }
    case 'full':
      return { kind, waiting: Number(rest[0]) };
    case 'ahead':
    case 'elsewhere':
      return { kind, read: Number(rest[0]), checksum: rest[1] ?? '' };
    default:
      return { kind };
  }
}
