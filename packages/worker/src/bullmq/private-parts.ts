/**
 * What we use of BullMQ's worker that its types call private, and why. A contract test names what is
 * missing after an upgrade.
 */
export interface WorkerPrivates {
  /** False when a fetch brought a job: the main loop then fetches again without blocking first. */
  drained: boolean;
  /** Notes until when the queue is limited, and when its next delayed job is due. */
  updateDelays(limitMs?: number, dueAt?: number): void;
}

/** BullMQ's worker, as its own code sees it. */
export function privatesOf(worker: unknown): WorkerPrivates {
  return worker as WorkerPrivates;
}
