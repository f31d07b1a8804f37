/** Closes everything that was opened, the last one first. */
export class Releasers {
  readonly #stack: (() => Promise<unknown> | unknown)[] = [];

  add(release: () => Promise<unknown> | unknown): void {
    this.#stack.push(release);
  }

  /** Closes everything once, and goes on after a fault; at the end it throws the first fault. */
  async release(): Promise<void> {
    const faults: unknown[] = [];
    for (let next = this.#stack.pop(); next !== undefined; next = this.#stack.pop()) {
      try {
        await next();
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
  }
}
