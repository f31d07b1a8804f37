/**
 * Notices that the event loop of this process stood still: a handler blocked it, or the machine was
 * suspended. It compares when a timer should have fired with when it did.
 */
export class Standstill {
  readonly #tickMs: number;
  readonly #leaseMs: number;
  #tickedAt = Number.POSITIVE_INFINITY;
  /** When the event loop last turned again after it stood still for more than half a lease. */
  #stoodStillAt = Number.NEGATIVE_INFINITY;

  /**
   * @param tickMs how often {@link tick} is called
   * @param leaseMs how long a lease lasts
   */
  constructor(tickMs: number, leaseMs: number) {
    this.#tickMs = tickMs;
    this.#leaseMs = leaseMs;
  }

  start(): void {
    this.#tickedAt = performance.now();
  }

  /** No more ticks come until it is started again. */
  stop(): void {
    this.#tickedAt = Number.POSITIVE_INFINITY;
  }

  /** @returns how late this tick is, in milliseconds */
  tick(now: number): number {
    const lateMs = Math.round(now - this.#tickedAt - this.#tickMs);
    this.#tickedAt = now;
    if (lateMs > this.#leaseMs / 2) this.#stoodStillAt = now;
    return lateMs;
  }

  /**
   * Whether a lease that is lost now is lost because this process stood still, and not because of
   * Redis. That counts as a crash. Otherwise a handler that blocks the event loop for longer than a
   * lease would be attempted for ever, and its neighbours would lose their leases each time.
   */
  costsLeases(now: number): boolean {
    return now - this.#tickedAt > this.#leaseMs / 2 || now - this.#stoodStillAt < 2 * this.#leaseMs;
  }
}
