/**
 * After so many attempts in a row that ended in the turn they began in, a job is quick. One that
 * took longer, and it is not.
 */
const TRUSTED_AFTER = 100;

/**
 * Which jobs are so quick that their attempts end in the turn of the event loop in which they
 * began: they wait for nothing, and leave nothing running.
 */
export class QuickJobs {
  readonly #inARow = new Map<string, number>();
  #turn = 0;
  #isCounting = false;

  /** A number that is another in each turn of the event loop in which it is asked for. */
  get turn(): number {
    if (!this.#isCounting) {
      this.#isCounting = true;
      // Unreferenced: it keeps no process alive.
      setImmediate(() => {
        this.#isCounting = false;
        this.#turn += 1;
      }).unref();
    }
    return this.#turn;
  }

  trusts(job: string): boolean {
    return (this.#inARow.get(job) ?? 0) >= TRUSTED_AFTER;
  }

  /** @param begun the turn in which the attempt began */
  ended(job: string, begun: number): void {
    const inARow = begun === this.turn ? (this.#inARow.get(job) ?? 0) + 1 : 0;
    this.#inARow.set(job, Math.min(inARow, TRUSTED_AFTER));
  }
}
