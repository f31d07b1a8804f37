import type { BatchKeys } from '@bullpen/shared/internal';

/** At most so many jobs go to Redis in one call. This keeps the script below about 10 ms. */
export const CHUNK_JOBS = 1_000;
/** At most so many rows go to Redis in one call, where several rows share a job. */
export const CHUNK_ROWS = 5_000;
/** A chunk is also full when its payloads have so many characters. */
export const CHUNK_BYTES = 1_048_576;

/** One job, or one row of a batch, on its way to Redis. Its payload is valid and is JSON. */
export interface JobRow {
  /** Its key. Either all jobs of a chunk have one, or none has. */
  readonly key?: string | undefined;
  /** The number of the row in its batch. */
  readonly row?: number;
  /** The payload as JSON, on one line. */
  readonly data: string;
}

/** What all jobs of a chunk have in common. */
export interface ChunkOptions {
  /** The wait before the first attempt, in milliseconds. */
  readonly delayMs: number;
  /** When the jobs are due (ms since 1970), instead of a wait: the same instant for each chunk. */
  readonly dueAt?: number | undefined;
  /** 1 is the highest priority, 0 is no priority. */
  readonly priority: number;
  /**
   * When the jobs expire (ms since 1970). Default: `expiresInMs` after they are due.
   */
  readonly expiresAt: number | undefined;
  /** How long after they are due the jobs expire. Default: as the definition says. */
  readonly expiresInMs?: number | undefined;
  /** Add nothing while so many jobs wait on the queue. */
  readonly maxWaiting: number | undefined;
}

/** By how much a chunk moves the cursor of its batch. */
export interface CursorMove {
  /**
   * The chunk covers the rows of the source after `from`, up to and including `to`. Rejected rows
   * count.
   */
  readonly from: number;
  readonly to: number;
  /** The running checksum of the source at `from` and at `to`. */
  readonly fromChecksum: string;
  readonly toChecksum: string;
  /** How many of these rows were rejected, by reason. */
  readonly rejected: ReadonlyMap<string, number>;
  /** Whether the source ends at `to`. */
  readonly isLast: boolean;
}

/** The batch that a chunk belongs to, and which part of the batch the chunk is. */
export interface BatchPart extends CursorMove {
  readonly name: string;
  readonly keys: BatchKeys;
  readonly rowsPerJob: number;
  readonly keyField: string | undefined;
  readonly results: boolean;
  /** How long the key of a row stays taken, in milliseconds. */
  readonly keepKeysMs: number;
  /** Whether the rows failed before and are enqueued again. */
  readonly retry?: boolean;
}
