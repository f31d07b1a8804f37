import type { Logger } from '@bullpen/shared';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { ActiveAttempts } from '../in-flight/active-attempts.js';
import type { Leases } from '../in-flight/leases.js';
import type { LostFetches } from './lost-fetches.js';

/** What becomes of a job at the gate: it is attempted, handed back, or left to whom it belongs now. */
export type Admission = 'attempt' | 'hand back' | 'leave';

/** What a {@link Gate} looks at. */
export interface GateDeps {
  readonly active: ActiveAttempts;
  readonly leases: Leases;
  readonly lostFetches: Pick<LostFetches, 'wasHandedBack'>;
  readonly leaseMs: number;
  readonly log: Logger;
}

/** Decides whether a job that was fetched may still be attempted: it is ours, and nobody drains. */
export class Gate {
  readonly #deps: GateDeps;

  constructor(deps: GateDeps) {
    this.#deps = deps;
  }

  /** A promise only where Redis must be asked. */
  admit(attempt: ActiveAttempt): Admission | Promise<Admission> {
    const { lostFetches, leaseMs } = this.#deps;
    if (lostFetches.wasHandedBack(attempt)) {
      attempt.confirm();
      return 'leave';
    }
    if (attempt.lease.lost) return 'leave';
    // Fetched long ago, by a process that was frozen or an event loop that stood still: is it still
    // ours?
    if (attempt.lease.until - performance.now() < leaseMs / 2) return this.#admitStale(attempt);
    return this.#admitOurs();
  }

  async #admitStale(attempt: ActiveAttempt): Promise<Admission> {
    const { leases, log } = this.#deps;
    try {
      return (await leases.ask(attempt)) === 'held' ? this.#admitOurs() : 'leave';
    } catch (error) {
      log.error({ jobId: attempt.jobId, queue: attempt.queue, err: error }, 'lease could not be checked');
      return 'leave';
    }
  }

  #admitOurs(): Admission {
    return this.#deps.active.draining ? 'hand back' : 'attempt';
  }
}
