/** How fast rows go, counted from where a command found them: what an earlier run did is not its merit. */
export class Speed {
  #first: { readonly rows: number; readonly at: number };
  #last: { readonly rows: number; readonly at: number };

  /** @param at milliseconds on any one clock */
  constructor(at: number) {
    this.#first = { rows: 0, at };
    this.#last = this.#first;
  }

  /** So many rows were there before. */
  begin(rows: number, at: number): void {
    this.#first = { rows, at };
    this.#last = this.#first;
  }

  note(rows: number, at: number): void {
    this.#last = { rows, at };
  }

  /** `undefined` as long as there is nothing to compare. */
  get perSecond(): number | undefined {
    const [first, last] = [this.#first, this.#last];
    if (last.rows <= first.rows) return undefined;
    return ((last.rows - first.rows) * 1000) / Math.max(1, last.at - first.at);
  }

  /** How long the rest takes, in seconds: `done` of `total`, in a unit of which all rows are taken to have equally much. */
  secondsLeft(done: number, total: number): number | undefined {
    if (done >= total) return 0;
    const { perSecond } = this;
    if (perSecond === undefined || done === 0) return undefined;
    return ((total - done) * this.#last.rows) / done / perSecond;
  }
}
