/** A signal asked the demo to stop. */
export class StoppedBySignal extends Error {}

/**
 * The early end of a run, by Ctrl-C, a process that ended by itself, or the time limit. The first
 * reason counts.
 */
export class Ending {
  #end: ((reason: Error) => void) | undefined;
  readonly #ended = new Promise<never>((_, reject) => {
    this.#end = reject;
  });

  constructor() {
    // Nobody may wait for it when it comes: without this, Node would end the process.
    this.#ended.catch(() => undefined);
  }

  /** Ends the run: every wait through `unlessEnded` throws `reason`. */
  because(reason: Error): void {
    this.#end?.(reason);
  }

  /** Waits for `promise`; throws the reason when the run ends early. */
  unlessEnded<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#ended]);
  }
}
