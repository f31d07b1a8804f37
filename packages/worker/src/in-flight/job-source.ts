import type { ActiveAttempt, Ending } from './active-attempt.js';
import type { FetchedJob } from './fetched-job.js';

/**
 * The border between a worker and what fetches its jobs. A source fetches the jobs of one queue,
 * gives each to its {@link JobTaker}, and records how the attempt ended. Today's source is a
 * worker of BullMQ with a main loop of ours (`bullmq/bullmq-worker.ts`).
 */
export interface JobSource {
  /** Fetches jobs. Resolves when it is closed. */
  run(): Promise<unknown>;
  /** Resolves when it is connected. */
  waitUntilReady(): Promise<void>;
  /** Stops fetching. Resolves when the last end is recorded. Has no time limit. */
  close(): Promise<void>;
  /** Whether a rate limit or a global concurrency keeps everybody from this queue's jobs now. */
  isLimited(): Promise<boolean>;
}

/**
 * Who takes the jobs of a source. For each job the source calls `take`, `attempt` or `handBack`, and
 * `release`, in this order, once.
 */
export interface JobTaker {
  /** Whether no job may be fetched now: one is attempted alone, or a permission is missing. */
  readonly isHeld: boolean;
  /** Redis answered a fetch, with a job or without. */
  fetchAnswered(): void;
  /**
   * A job was fetched. It is ours from now on, and its lease is renewed, even if the source calls
   * `attempt` much later.
   */
  take(job: FetchedJob): ActiveAttempt;
  /**
   * Attempts the job.
   * @returns how the attempt ended; `undefined` when the job is not ours any more and nothing must
   *   be recorded
   */
  attempt(attempt: ActiveAttempt): Ending | undefined | Promise<Ending | undefined>;
  /** The job is handed back before it is attempted. */
  handBack(attempt: ActiveAttempt): Ending;
  /** The end was recorded, or recording it was given up. */
  release(attempt: ActiveAttempt): void;
}
