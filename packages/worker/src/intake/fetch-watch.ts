/** What {@link FetchWatch} needs. */
export interface FetchWatchDeps {
  /** How long without an answered fetch is suspicious, in milliseconds. */
  readonly quietMs: number;
  /** Whether the worker should be fetching now: connected, not draining, a slot free. */
  readonly hungry: () => boolean;
  /** Whether jobs wait that it could have. */
  readonly jobsWait: () => Promise<boolean>;
  /** Makes it fetch again. */
  readonly restart: () => void;
}

/**
 * Notices a worker that no longer fetches although jobs wait: BullMQ's loop has been seen to stand
 * still after a reconnect, for ever and without a word.
 */
export class FetchWatch {
  readonly #parts: FetchWatchDeps;
  readonly #timer: NodeJS.Timeout;
  #fetchedAt = performance.now();

  constructor(parts: FetchWatchDeps) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.#look(), parts.quietMs / 4);
  }

  /** Redis answered a fetch, with a job or without. */
  fetched(): void {
    this.#fetchedAt = performance.now();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { quietMs, hungry, jobsWait, restart } = this.#parts;
    // A worker that has no slot free, or no Redis, does not fetch, and is not to be blamed the
    // moment it could again.
    if (!hungry()) this.fetched();
    const since = this.#fetchedAt;
    if (performance.now() - since < quietMs) return;
    const waiting = await jobsWait().catch(() => false);
    if (!waiting || !hungry() || since !== this.#fetchedAt) return;
    this.fetched();
    restart();
  }
}
