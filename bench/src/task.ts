import type { Stopwatch, Timed } from './stopwatch.js';
import type { Kind } from './workload.js';

/** Everything a contender is told. It crosses a process border, so it is plain JSON. */
export interface Task {
  readonly redis: string;
  readonly kind: Kind;
  readonly rows: number;
  /** An NDJSON file of the same rows, for those who read one; empty for the others. */
  readonly file: string;
  /** Names this set of rows: two sets of one queue have no id in common. */
  readonly batch: string;
  /** How many rows share a job; only Bullpen's batches know this. */
  readonly rowsPerJob: number;
  /** Jobs at once, of a worker. */
  readonly concurrency: number;
}

/** A way to do the work. It says by its stopwatch what is to be timed; all else is preparation. */
export type Contender = (task: Task, stopwatch: Stopwatch) => Promise<Timed>;

/** The first part of every key, of every contender. */
export const PREFIX = 'bench';

/** Rows in one call of those that take many at once; Bullpen's own chunks are as large. */
export const CHUNK = 1_000;

/** As many attempts as Bullpen gives a job by default. */
export const ATTEMPTS = 10;

/**
 * How many completed jobs a queue keeps, and for how many seconds: what a Bullpen worker does by
 * default.
 */
export const KEEP_COMPLETED = { count: 10_000, age: 86_400 } as const;

/** The id of a row, as long as the one Bullpen gives it: ids are a part of what Redis stores. */
export const idOf = ({ batch }: Task, row: number): string => `b-${batch}-${row}`;
