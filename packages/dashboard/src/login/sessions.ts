import { createHash, randomBytes } from 'node:crypto';

/** The most sessions; beyond it the oldest ends. Only people with the password can begin one. */
const MAX_SESSIONS = 1_000;

/**
 * The sessions of people who have logged in. They are in memory: after a restart the dashboard asks
 * for the password again.
 */
export class Sessions {
  readonly #lastMs: number;
  readonly #now: () => number;
  /**
   * The end of each session, by the digest of its id. The time that a lookup takes could tell
   * something about an id, but tells nothing useful about its digest.
   */
  readonly #ends = new Map<string, number>();

  /** @param lastMs how long a session lasts, in milliseconds */
  constructor(lastMs: number, now: () => number = () => performance.now()) {
    this.#lastMs = lastMs;
    this.#now = now;
  }

  /** Begins a session and returns its id, which is always new. */
  begin(): string {
    const id = randomBytes(32).toString('base64url');
    const now = this.#now();
    for (const [digest, endsAt] of this.#ends) {
      if (endsAt > now && this.#ends.size < MAX_SESSIONS) break;
      this.#ends.delete(digest);
    }
    this.#ends.set(digestOf(id), now + this.#lastMs);
    return id;
  }

  has(id: string | undefined): boolean {
    if (id === undefined) return false;
    const digest = digestOf(id);
    const endsAt = this.#ends.get(digest);
    if (endsAt === undefined) return false;
    if (endsAt > this.#now()) return true;
    this.#ends.delete(digest);
    return false;
  }

  end(id: string | undefined): void {
    if (id !== undefined) this.#ends.delete(digestOf(id));
  }
}

const digestOf = (id: string): string => createHash('sha256').update(id).digest('base64url');
