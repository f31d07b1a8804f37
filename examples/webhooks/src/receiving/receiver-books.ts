import type { Mischief } from './mischief.js';

/** One time the receiver took an event. */
export interface Acceptance {
  /** Who sent it, by its `user-agent`. */
  readonly sender: string;
  /** The address it was sent from. */
  readonly from?: string;
  /** Which attempt of the sender it was. */
  readonly attempt: number;
  /** Whether the receiver broke the connection instead of answering. */
  readonly answerLost: boolean;
}

/**
 * What a receiver knows. It counts for itself and asks neither Redis nor Bullpen, so it can bear
 * witness for them. A real one keeps the event ids in its database, under a unique index, and takes
 * each event once.
 */
export class ReceiverBooks {
  /** Each event it took, and every time it did. */
  readonly accepted = new Map<string, Acceptance[]>();
  /** Events for a closed endpoint: answered 410, never taken. */
  readonly gone = new Set<string>();
  /** Requests without a valid signature: answered 401, never looked at. */
  forged = 0;
  /** How many connections it was opened. */
  connections = 0;
  /** How often it failed on purpose, and how. */
  readonly mischief: Record<Mischief, number> = { none: 0, error: 0, busy: 0, reset: 0, 'answer lost': 0 };

  /** Who brought each event last, whether it was taken or not. */
  readonly broughtBy = new Map<string, string>();
  #waiting: { readonly isSo: () => boolean; readonly resolve: () => void }[] = [];

  /** Notes that an event was brought. Says whether it was the first time. */
  bring(eventId: string, sender: string): boolean {
    const first = !this.broughtBy.has(eventId);
    this.broughtBy.set(eventId, sender);
    this.#tell();
    return first;
  }

  /** Notes that an event was taken. */
  accept(eventId: string, acceptance: Acceptance): void {
    const earlier = this.accepted.get(eventId);
    if (earlier === undefined) this.accepted.set(eventId, [acceptance]);
    else earlier.push(acceptance);
    this.#tell();
  }

  /** Resolves as soon as the books say so: `books.until(() => books.accepted.size >= 100)`. */
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
