/**
 * How far back a pace looks: it is to follow a fleet that grows, and not to jump with every chunk.
 */
const WINDOW_MS = 15_000;

/** How fast something goes, by what was done lately. */
export class Rate {
  #samples: { readonly done: number; readonly at: number }[] = [];

  /** @param at milliseconds on any one clock */
  note(done: number, at: number): void {
    const last = this.#samples.at(-1);
    // Retried rows are open again: what was before says nothing any more.
    if (last !== undefined && done < last.done) this.#samples = [];
    this.#samples.push({ done, at });
    while (this.#samples.length > 2 && (this.#samples[1]?.at ?? at) <= at - WINDOW_MS) this.#samples.shift();
  }

  /** `undefined` as long as there is nothing to compare. */
  get perSecond(): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.at <= first.at) return undefined;
    return ((last.done - first.done) * 1000) / (last.at - first.at);
  }

  /** How long so much takes at this pace, in seconds. */
  secondsFor(open: number): number | undefined {
    const pace = this.perSecond;
    return pace === undefined || pace <= 0 ? undefined : open / pace;
  }
}
