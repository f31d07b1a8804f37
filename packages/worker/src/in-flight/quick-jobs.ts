/**
 * A job is quick after this many attempts in a row that ended in the turn in which they began. One
 * slower attempt starts the count again.
 */
const QUICK_AFTER = 100;

/**
 * Which jobs are so quick that their attempts end in the turn of the event loop in which they
 * began. Such a job waits for nothing and leaves nothing running.
 */
export class QuickJobs {
  readonly #inARow = new Map<string, number>();
  #turn = 0;
  #isCounting = false;

  /**
   * The number of the current turn of the event loop. Turns in which nobody asks are not counted.
   */
  get turn(): number {
    if (!this.#isCounting) {
      this.#isCounting = true;
      // Unreferenced, so that it does not keep the process alive.
      setImmediate(() => {
        this.#isCounting = false;
        this.#turn += 1;
      }).unref();
    }
    return this.#turn;
  }

  isQuick(job: string): boolean {
    return (this.#inARow.get(job) ?? 0) >= QUICK_AFTER;
  }

  /** @param begun the {@link turn} in which the attempt began */
  ended(job: string, begun: number): void {
    const inARow = begun === this.turn ? (this.#inARow.get(job) ?? 0) + 1 : 0;
    this.#inARow.set(job, Math.min(inARow, QUICK_AFTER));
  }
}
