import type { Stopwatch, Timed } from './stopwatch.js';
import type { Kind } from './workload.js';

/**
 * Which events of jobs a queue writes: all of them as BullMQ does, only those of their ends, or
 * none. Libraries that have no such choice ignore it.
 */
export type Events = 'all' | 'ends' | 'none';

/** Everything that a contender is told. It is plain JSON, as it crosses a process border. */
export interface Task {
  readonly redis: string;
  readonly kind: Kind;
  readonly rows: number;
  /** An NDJSON file of the same rows, for contenders that read one; empty for the others. */
  readonly file: string;
  /** Names this set of rows: two sets on one queue share no id. */
  readonly batch: string;
  /** How many rows share a job; only Bullpen's batches know this. */
  readonly rowsPerJob: number;
  /** Jobs at once, of a worker. */
  readonly concurrency: number;
  /** How long a handler waits; 0 does nothing at all. */
  readonly handlerMs: number;
  readonly events: Events;
  /** Whether a worker may hold jobs before it has a slot for them. Only Bullpen knows this. */
  readonly fetchAhead: boolean;
  /** Among how many queues the rows are divided. Only Bullpen's own ways know this and the next. */
  readonly queues: number;
  /** How many workers serve them, in one process. */
  readonly workers: number;
}

/**
 * A way to do the work. Its stopwatch times the part that counts; everything else is preparation.
 */
export type Contender = (task: Task, stopwatch: Stopwatch) => Promise<Timed>;

/** The first part of every key, of every contender. */
export const PREFIX = 'bench';

/** How many rows one call takes, where a call takes many; Bullpen's own chunks are as large. */
export const CHUNK = 1_000;

/** As many attempts as Bullpen gives a job by default. */
export const ATTEMPTS = 10;

/**
 * How many completed jobs a queue keeps, and for how many seconds: the defaults of a Bullpen
 * worker.
 */
export const KEEP_COMPLETED = { count: 10_000, age: 86_400 } as const;

/** The id of a row, as long as the one that Bullpen gives it: Redis stores ids, too. */
export const idOf = ({ batch }: Task, row: number): string => `b-${batch}-${row}`;
