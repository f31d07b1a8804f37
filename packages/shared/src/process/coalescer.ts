interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends in one call what is added in one turn of the event loop, and gives each item its own
 * answer. A system call costs more than a quick row, here and in Redis.
 */
export class Coalescer<Item, Answer> {
  readonly #most: number;
  readonly #call: (items: readonly Item[]) => Promise<readonly (Answer | Error)[]>;
  #waiting: Waiting<Item, Answer>[] = [];

  /**
   * @param most items in one call
   * @param call sends items and returns their answers, in their order; an error belongs to its item
   *   alone
   */
  constructor(most: number, call: (items: readonly Item[]) => Promise<readonly (Answer | Error)[]>) {
    this.#most = most;
    this.#call = call;
  }

  /** @throws what the call throws, or its error for this item */
  add(item: Item): Promise<Answer> {
    // At the end of this tick, when all that ended in it has been added.
    if (this.#waiting.length === 0) process.nextTick(() => this.flush());
    const answered = new Promise<Answer>((resolve, reject) => this.#waiting.push({ item, resolve, reject }));
    if (this.#waiting.length >= this.#most) this.flush();
    return answered;
  }

  /** Sends what waits, now. */
  flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    this.#call(waiting.map(({ item }) => item)).then(
      (answers) => {
        for (const [at, { resolve, reject }] of waiting.entries()) {
          const answer = answers[at];
          if (answer instanceof Error) reject(answer);
          else resolve(answer as Answer);
        }
      },
      (error: unknown) => {
        for (const { reject } of waiting) reject(error);
      },
    );
  }
}
