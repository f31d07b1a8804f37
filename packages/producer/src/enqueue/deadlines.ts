/** The end of the time that one call has. */
export interface Deadline {
  /** When the time is up, by `performance.now()`. */
  readonly at: number;
  /** Is called when the time is up. */
  onPassed: (() => void) | undefined;
  /** Where it stands in the list. */
  place: number;
}

/** The deadlines of all calls that are under way. They share one timer. */
export class Deadlines {
  // Not a Set: one that is filled and emptied all the time makes V8 keep the calls that have ended
  // until its next full collection, which cost a tenth of an `enqueue`.
  readonly #open: Deadline[] = [];
  #timer: NodeJS.Timeout | undefined;
  #firesAt = 0;

  /** Begins a call. Whoever begins it also ends it. */
  begin(ms: number): Deadline {
    const deadline: Deadline = { at: performance.now() + ms, onPassed: undefined, place: this.#open.length };
    this.#open.push(deadline);
    if (this.#timer === undefined || deadline.at < this.#firesAt) this.#arm(deadline.at);
    // Between two calls the timer stays, but keeps no process alive.
    else if (this.#open.length === 1) this.#timer.ref();
    return deadline;
  }

  /** Ends a call. Safe to call twice. */
  end(deadline: Deadline): void {
    if (this.#open[deadline.place] !== deadline) return;
    const last = this.#open.pop() as Deadline;
    if (last !== deadline) {
      this.#open[deadline.place] = last;
      last.place = deadline.place;
    }
    deadline.onPassed = undefined;
    if (this.#open.length === 0) this.#timer?.unref();
  }

  /** Stops the timer. If a call is under way, its deadline still counts. */
  close(): void {
    if (this.#open.length > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(at: number): void {
    clearTimeout(this.#timer);
    this.#firesAt = at;
    this.#timer = setTimeout(() => this.#fire(), Math.max(1, at - performance.now()));
  }

  #fire(): void {
    this.#timer = undefined;
    const now = performance.now();
    const passed = this.#open.filter(({ at }) => at <= now);
    for (const deadline of passed) {
      const { onPassed } = deadline;
      this.end(deadline);
      onPassed?.();
    }
    if (this.#open.length > 0)
      this.#arm(this.#open.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY));
  }
}
