import type { ActiveAttempt, Ending } from './active-attempt.js';
import type { FetchedJob } from './fetched-job.js';

/**
 * The border between a worker and what drives it. A source fetches the jobs of one queue, gives each
 * to its {@link JobTaker}, and records how the attempt ended. Today the source is BullMQ's main loop
 * (`bullmq/bullmq-worker.ts`).
 */
export interface JobSource {
  /** Fetches until it is closed; resolves then. */
  run(): Promise<unknown>;
  /** Resolves when it is connected. */
  waitUntilReady(): Promise<void>;
  /** Stops fetching; resolves when the last end is recorded. Has no time limit. */
  close(): Promise<void>;
  /** Whether a limit of the queue keeps its jobs from everybody at this moment. */
  isLimited(): Promise<boolean>;
}

/** What a source gives its jobs to. A job goes this way once: taken, attempted, released. */
export interface JobTaker {
  /** Redis answered a fetch, with a job or without. */
  fetchAnswered(): void;
  /**
   * A job was fetched. It is ours from here on, and its lease is renewed, however long the source
   * takes to ask for its attempt.
   */
  take(job: FetchedJob): ActiveAttempt;
  /**
   * Attempts the job.
   * @returns how it ended; `undefined` when the job is not ours any more, and nothing is to be recorded
   */
  attempt(attempt: ActiveAttempt): Promise<Ending | undefined>;
  /** The end is recorded, or the attempt was given up. */
  release(attempt: ActiveAttempt): void;
}
