/**
 * How far back a rate looks. It should follow a fleet that grows, and not jump with every chunk.
 */
const WINDOW_MS = 15_000;

/**
 * How many things are done per second, measured over the last 15 seconds.
 * @example
 * const rate = new Rate();
 * rate.note(0, 0);
 * rate.note(500, 1_000);
 * console.log(rate.perSecond, rate.secondsFor(2_000)); // 500 4
 * @remarks Moves to a package of its own, `@bullpen/control`.
 */
export class Rate {
  #samples: { readonly done: number; readonly at: number }[] = [];

  /**
   * Notes how many things are done in all.
   * @param done how many, since the beginning
   * @param at milliseconds, on the same clock at each call
   */
  note(done: number, at: number): void {
    const last = this.#samples.at(-1);
    // Rows that are retried are open again. What was measured before says nothing any more.
    if (last !== undefined && done < last.done) this.#samples = [];
    this.#samples.push({ done, at });
    while (this.#samples.length > 2 && (this.#samples[1]?.at ?? at) <= at - WINDOW_MS) this.#samples.shift();
  }

  /** Things per second. `undefined` until two samples can be compared. */
  get perSecond(): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.at <= first.at) return undefined;
    return ((last.done - first.done) * 1000) / (last.at - first.at);
  }

  /** How many seconds `open` things take at this rate. `undefined` when nothing is done at all. */
  secondsFor(open: number): number | undefined {
    const { perSecond } = this;
    return perSecond === undefined || perSecond <= 0 ? undefined : open / perSecond;
  }
}
