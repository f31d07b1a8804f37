import type { BullpenError } from '@bullpen/shared';

/**
 * The way to stop an attempt from outside. `abort` fires the handler's signal and leaves it time;
 * `abandon` ends the attempt at once, whatever the handler does. The first abort counts: its reason
 * decides how the attempt ends.
 *
 * The signal is made when somebody first asks for it: most handlers of quick jobs never do, and it
 * is the dearest thing an attempt could hold.
 */
export class AttemptStop {
  #controller: AbortController | undefined;
  #reason: BullpenError | undefined;
  #abandoned = false;
  #whenAbandoned: (() => void) | undefined;

  /** Why the attempt is to stop, if it is. */
  get reason(): BullpenError | undefined {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: BullpenError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  abandon(reason: BullpenError): void {
    this.abort(reason);
    this.#abandoned = true;
    this.#whenAbandoned?.();
  }

  /**
   * Calls `listener` when the attempt is abandoned, at once if it is already. One listener is all
   * an attempt needs.
   */
  onAbandon(listener: () => void): void {
    this.#whenAbandoned = listener;
    if (this.#abandoned) listener();
  }
}
