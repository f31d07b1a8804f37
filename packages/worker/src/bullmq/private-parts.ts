/**
 * The private part of BullMQ's worker that we replace. A contract test says when it is missing after
 * an upgrade.
 */
export interface WorkerPrivates {
  /**
   * Fetches and attempts jobs until the worker closes, and resolves when the last is over. `run` calls
   * it once, and `close` waits for it.
   */
  mainLoop(): Promise<void>;
}

/** BullMQ's worker, as its own code sees it. */
export function privatesOf(worker: unknown): WorkerPrivates {
  return worker as WorkerPrivates;
}
