import { type BullpenOpts, cancelledKey, type JobDefinition, type Redis } from '@bullpen/shared';
import { INSERT_SCRIPT } from './insert-script.js';

/** One job on its way to Redis: validated, with its id, its payload already JSON. */
export interface JobRow {
  readonly id: string;
  readonly data: string;
  readonly delayMs: number;
  /** 1 is the highest; 0 means none. */
  readonly priority: number;
  /** When this row expires (ms since 1970), and which row of which batch it is. */
  readonly bullpen: Omit<BullpenOpts, 'enqueue'>;
}

/** What became of a row: this call stored it, or a job with its id was there already. */
export type Added = 'added' | 'duplicate';

/** The most jobs in one call: it keeps one script under some 10 ms of Redis' time. */
export const CHUNK_ROWS = 1_000;
/** A chunk is also closed when its payloads reach this many bytes. */
export const CHUNK_BYTES = 1_048_576;

type WithInsert = Redis & { bullpenInsert(...args: (string | number)[]): Promise<string> };

/** Teaches a connection the insert script; call once per connection, before a chunk is sent on it. */
export function defineInsert(redis: Redis): void {
  redis.defineCommand('bullpenInsert', { numberOfKeys: 10, lua: INSERT_SCRIPT });
}

/** A chunk made ready to send, as often as it takes: sent again it adds nothing twice. */
export interface Chunk {
  readonly rows: readonly JobRow[];
  send(redis: Redis): Promise<Added[]>;
}

/**
 * Prepares one chunk of at most {@link CHUNK_ROWS} jobs.
 * @param enqueue names this call; no other call may use it
 * @param now the jobs' timestamp, ms since 1970
 */
export function prepareChunk(
  prefix: string,
  job: JobDefinition,
  rows: readonly JobRow[],
  enqueue: string,
  now: number,
): Chunk {
  const base = `${prefix}:${job.queue}:`;
  const args: (string | number)[] = [];
  for (const key of ['wait', 'meta', 'id', 'delayed', 'prioritized', 'pc', 'marker', 'events', 'active']) {
    args.push(base + key);
  }
  args.push(cancelledKey(prefix, job.queue), base, job.name, now, `"enqueue":"${enqueue}"`);
  for (const row of rows) args.push(row.id, row.data, optsOf(job, row, enqueue), row.delayMs, row.priority);
  return {
    rows,
    async send(redis) {
      const answers = await (redis as WithInsert).bullpenInsert(...args);
      return Array.from(answers, (answer) => (answer === 'a' ? 'added' : 'duplicate'));
    },
  };
}

/**
 * The job's `opts`. Attempts and backoff are written in BullMQ's own words, so that a stock worker honours them as well as it can (it knows no cap).
 */
function optsOf(job: JobDefinition, row: JobRow, enqueue: string): string {
  const { type, delayMs, jitter } = job.backoff;
  const bullpen: BullpenOpts = { ...row.bullpen, enqueue };
  return JSON.stringify({
    attempts: job.maxAttempts,
    backoff: { type, delay: delayMs, jitter },
    jobId: row.id,
    ...(row.delayMs > 0 ? { delay: row.delayMs } : {}),
    ...(row.priority > 0 ? { priority: row.priority } : {}),
    bullpen,
  });
}
