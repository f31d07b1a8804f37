import type { Mischief } from './mischief.js';

/** One acceptance of an event by the receiver. */
export interface Acceptance {
  /** The sender, by its `user-agent`. */
  readonly sender: string;
  /** The address of the sender. */
  readonly from?: string;
  /** The number of the sender's attempt. */
  readonly attempt: number;
  /** Whether the receiver broke the connection instead of answering. */
  readonly answerLost: boolean;
}

/**
 * The receiver's own record of everything that it got. It asks neither Redis nor Bullpen, so it can
 * check them. A real receiver keeps the event ids in its database under a unique index, and so
 * accepts each event once.
 */
export class ReceiverBooks {
  /** All acceptances of each event. */
  readonly accepted = new Map<string, Acceptance[]>();
  /** Events for a closed endpoint. Answered with 410, never accepted. */
  readonly gone = new Set<string>();
  /** How many requests had no valid signature. Answered with 401, never read. */
  forged = 0;
  /** How many connections senders opened. */
  connections = 0;
  /** How often it failed on purpose, by kind. */
  readonly mischief: Record<Mischief, number> = { none: 0, error: 0, busy: 0, reset: 0, 'answer lost': 0 };

  /** The last sender of each event, whether the event was accepted or not. */
  readonly broughtBy = new Map<string, string>();
  #waiting: { readonly isSo: () => boolean; readonly resolve: () => void }[] = [];

  /** Notes that an event came. Returns whether it came for the first time. */
  bring(eventId: string, sender: string): boolean {
    const first = !this.broughtBy.has(eventId);
    this.broughtBy.set(eventId, sender);
    this.#tell();
    return first;
  }

  /** Notes that an event was accepted. */
  accept(eventId: string, acceptance: Acceptance): void {
    const earlier = this.accepted.get(eventId);
    if (earlier === undefined) this.accepted.set(eventId, [acceptance]);
    else earlier.push(acceptance);
    this.#tell();
  }

  /**
   * Resolves as soon as `isSo` returns true; checks it at every change.
   * @example await books.until(() => books.accepted.size >= 100);
   */
  until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ isSo, resolve });
      this.#tell();
    });
  }

  #tell(): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter(({ isSo, resolve }) => {
      if (!isSo()) return true;
      resolve();
      return false;
    });
  }
}
