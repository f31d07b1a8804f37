/** When nothing has moved for so long, the command asks why, and asks again as often at most. */
const STILL_MS = 2_000;
/** Asking takes Redis time, so the command rests for so many times as long as the answer took. */
const REST = 20;

/** Finds out why nothing of a batch moves, while nothing moves. */
export class Standstill {
  readonly #ask: () => Promise<string | undefined>;
  #done = -1;
  #askAt = 0;
  #why: string | undefined;

  /** @param ask finds out why nothing moves; `undefined` when nothing special is the matter */
  constructor(ask: () => Promise<string | undefined>) {
    this.#ask = ask;
  }

  /**
   * Notes how many rows are settled. Returns why nothing moves, or `undefined` while something moves
   * or the reason is not known.
   */
  note(done: number): string | undefined {
    const now = performance.now();
    if (done !== this.#done) {
      this.#done = done;
      this.#askAt = now + STILL_MS;
      this.#why = undefined;
    } else if (now >= this.#askAt) {
      this.#askAt = Number.POSITIVE_INFINITY;
      // The wait itself reports a Redis that does not answer.
      void this.#look(done, now).catch(() => undefined);
    }
    return this.#why;
  }

  async #look(done: number, askedAt: number): Promise<void> {
    try {
      const why = await this.#ask();
      if (done === this.#done) this.#why = why;
    } finally {
      const now = performance.now();
      if (done === this.#done) this.#askAt = now + Math.max(STILL_MS, REST * (now - askedAt));
    }
  }
}
