import type { InjectedKind } from './fault.js';

/**
 * Which of the chaos job definitions a job is of. `once` has one attempt, so an attempt wrongly
 * spent is a job wrongly failed; `fragile` may crash as rarely as poison may.
 */
export type JobKind = 'work' | 'once' | 'fragile' | 'poison';

/** What the plan wants of one job. It is the job's payload as well. */
export interface PlannedJob {
  /** The job's key. */
  readonly key: string;
  /** How long its handler works. */
  readonly ms: number;
  /** Whether its handler stops when its signal fires. */
  readonly heed: boolean;
  /** How many attempts throw, counted from the first. `MAX_ATTEMPTS` means all of them. */
  readonly throws: number;
  /** For how long the first run keeps the event loop busy. */
  readonly blockMs: number;
}

/** Jobs that the producer enqueues in one call. */
export interface PlannedChunk {
  /** When, from the run's beginning. */
  readonly atMs: number;
  readonly queue: string;
  readonly kind: JobKind;
  /** 0 means no priority. */
  readonly priority: number;
  /** 0 means at once. */
  readonly delayMs: number;
  /** Whether the jobs have an expiry, in five minutes: far beyond the end of a run. */
  readonly expires: boolean;
  readonly jobs: readonly PlannedJob[];
}

/** One fault to inject. */
export interface PlannedFault {
  readonly kind: InjectedKind;
  /** When, from the moment all workers are ready; negative: before they start. */
  readonly atMs: number;
  /** Which worker; -1 is the producer. Redis has no number. */
  readonly slot: number;
  /** How long it lasts, where it does. */
  readonly forMs: number;
  /** How much, or which of its ways: of a reply that is cut, how much comes through. */
  readonly share: number;
  /**
   * Whether it waits until its worker runs a handler. Most do: a fault that hits an idle worker
   * shows little.
   */
  readonly aimed: boolean;
}

/** Everything that a run does, made from its seed alone. */
export interface Plan {
  readonly seed: number;
  readonly workers: number;
  readonly concurrency: number;
  readonly queues: readonly string[];
  readonly chunks: readonly PlannedChunk[];
  readonly cancels: readonly PlannedCancel[];
  readonly batch: PlannedBatch | undefined;
  readonly faults: readonly PlannedFault[];
}

/**
 * A row of a batch. Most are jobs as all others. `invalid` has a payload that its schema refuses,
 * `broken` is not JSON, and `again` has the key of a row before it that completes: none of them may
 * run.
 */
export interface PlannedRow extends PlannedJob {
  readonly how: 'job' | 'invalid' | 'broken' | 'again';
}

/** A batch that the producer enqueues from a file. */
export interface PlannedBatch {
  /** When, from the run's beginning. */
  readonly atMs: number;
  readonly queue: string;
  /** 0 means no priority. */
  readonly priority: number;
  readonly rowsPerJob: number;
  readonly isKeyed: boolean;
  /** The producer waits while so many jobs wait. */
  readonly maxWaiting: number;
  readonly rows: readonly PlannedRow[];
  /** It is cancelled when so many of its rows have started; undefined: it is not. */
  readonly cancelAfter: number | undefined;
}

/** The name of the batch. */
export const BATCH = 'rows';

export const QUEUES = ['chaos-a', 'chaos-b'] as const;

/** A call that cancels one job. */
export interface PlannedCancel {
  readonly key: string;
  /** Which chunk has the job. */
  readonly chunk: number;
  /**
   * When: as soon as its chunk is accepted, so that most still wait or are delayed; as soon as its
   * handler has started; or as soon as its handler has ended.
   */
  readonly when: 'accepted' | 'started' | 'ended';
  /** Whether the key is used again as soon as the job is off the queue. */
  readonly again: boolean;
}
