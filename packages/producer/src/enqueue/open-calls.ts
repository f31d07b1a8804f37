import { ProducerClosed } from '@bullpen/shared';

/** The calls of a producer that are under way. */
export class OpenCalls {
  readonly #calls = new Set<Promise<unknown>>();
  #isClosed = false;

  /**
   * Makes a call.
   * @throws ProducerClosed after {@link close}
   */
  run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new ProducerClosed('the producer is closed'));
    const promise = call().finally(() => this.#calls.delete(promise));
    this.#calls.add(promise);
    return promise;
  }

  /** Refuses new calls from now on, and waits until all calls that are under way have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#calls);
  }
}
