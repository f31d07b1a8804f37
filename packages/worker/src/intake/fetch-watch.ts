import { lookEvery } from '../redis/look-timer.js';

/** What {@link FetchWatch} needs. */
export interface FetchWatchDeps {
  /** After how long without an answered fetch it looks whether jobs wait, in milliseconds. */
  readonly restartAfterMs: number;
  /** Whether the worker should fetch now: connected, not draining, a slot free. */
  readonly shouldFetch: () => boolean;
  /** Whether jobs wait that the worker could have. */
  readonly jobsWait: () => Promise<boolean>;
  /** Makes the worker fetch again. */
  readonly restart: () => void;
}

/**
 * Restarts a worker that does not fetch although jobs wait. BullMQ's loop has been seen to stop
 * after a reconnect, for ever and without an error.
 */
export class FetchWatch {
  readonly #deps: FetchWatchDeps;
  readonly #stopLooking: () => void;
  #fetchedAt = performance.now();

  constructor(deps: FetchWatchDeps) {
    this.#deps = deps;
    this.#stopLooking = lookEvery(deps.restartAfterMs / 4, () => void this.#look());
  }

  /** Redis answered a fetch, with a job or without. */
  fetched(): void {
    this.#fetchedAt = performance.now();
  }

  close(): void {
    this.#stopLooking();
  }

  async #look(): Promise<void> {
    const { restartAfterMs, shouldFetch, jobsWait, restart } = this.#deps;
    // The time without a slot or without Redis does not count. The worker gets the full time when
    // it can fetch again.
    if (!shouldFetch()) this.fetched();
    const since = this.#fetchedAt;
    if (performance.now() - since < restartAfterMs) return;
    const waiting = await jobsWait().catch(() => false);
    if (!waiting || !shouldFetch() || since !== this.#fetchedAt) return;
    this.fetched();
    restart();
  }
}
