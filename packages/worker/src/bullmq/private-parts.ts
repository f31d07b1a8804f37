/**
 * The private parts of BullMQ's worker that we use, and why. A contract test names those that are
 * missing after an upgrade.
 */
export interface WorkerPrivates {
  /**
   * False when a fetch brought a job. The main loop then fetches again without a blocking read
   * first.
   */
  drained: boolean;
  /** Tells the main loop how long the queue is limited, and when its next delayed job is due. */
  updateDelays(limitMs?: number, dueAt?: number): void;
}

/** BullMQ's worker, as its own code sees it. */
export function privatesOf(worker: unknown): WorkerPrivates {
  return worker as WorkerPrivates;
}
