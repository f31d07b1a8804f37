import { ProducerClosed } from '@bullpen/shared';

/** The calls of a producer that are under way. */
export class OpenCalls {
  #open = 0;
  #isClosed = false;
  #onLast: (() => void) | undefined;
  #ended: Promise<void> | undefined;

  /**
   * Makes a call.
   * @throws ProducerClosed after {@link close}
   */
  async run<T>(call: () => Promise<T>): Promise<T> {
    this.begin();
    try {
      return await call();
    } finally {
      this.end();
    }
  }

  /**
   * Begins a call, which must {@link end}.
   * @throws ProducerClosed after {@link close}
   */
  begin(): void {
    if (this.#isClosed) throw new ProducerClosed('the producer is closed');
    this.#open += 1;
  }

  end(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#onLast?.();
  }

  /** Refuses new calls from now on, and waits until all calls that are under way have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#ended ??= new Promise((resolve) => {
      if (this.#open === 0) resolve();
      else this.#onLast = resolve;
    });
    await this.#ended;
  }
}
