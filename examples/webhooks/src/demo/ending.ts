/** Thrown when somebody asked the demo to stop. */
export class StoppedBySignal extends Error {}

/**
 * Why a run ends before its time: Ctrl-C, a process that died by itself, a time limit. The first
 * reason counts.
 */
export class Ending {
  #end: ((reason: Error) => void) | undefined;
  readonly #ended = new Promise<never>((_, reject) => {
    this.#end = reject;
  });

  constructor() {
    // Nobody may be waiting when it comes.
    this.#ended.catch(() => undefined);
  }

  /** Ends the run: everything that waits `unlessEnded` throws `reason`. */
  because(reason: Error): void {
    this.#end?.(reason);
  }

  /** Waits for `promise`, or throws the reason of an early end. */
  unlessEnded<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#ended]);
  }
}
