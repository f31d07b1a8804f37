import { AsyncResource } from 'node:async_hooks';
import type { BullpenError } from '@bullpen/shared';

/**
 * Stops an attempt from outside. `abort` fires the handler's signal and waits for the handler.
 * `abandon` ends the attempt at once, whatever the handler does. The reason of the first abort
 * decides how the attempt ends.
 *
 * The signal is made when somebody first reads it. Most handlers of quick jobs never do, and a
 * signal is the most expensive thing that an attempt can hold.
 */
export class AttemptStop {
  #controller: AbortController | undefined;
  /** The context of the attempt: its listeners run in it, whoever aborts. */
  #context: AsyncResource | undefined;
  #reason: BullpenError | undefined;
  #abandoned = false;
  #whenAbandoned: (() => void) | undefined;

  /** Why the attempt must stop; `undefined` when it must not. */
  get reason(): BullpenError | undefined {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#context = new AsyncResource('BullpenSignal', { requireManualDestroy: true });
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: BullpenError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#context?.runInAsyncScope(() => this.#controller?.abort(reason));
  }

  abandon(reason: BullpenError): void {
    this.abort(reason);
    this.#abandoned = true;
    this.#whenAbandoned?.();
  }

  /**
   * Calls `listener` when the attempt is abandoned, or at once if it already is. There is one
   * listener: a second one replaces the first.
   */
  onAbandon(listener: () => void): void {
    this.#whenAbandoned = listener;
    if (this.#abandoned) listener();
  }
}
