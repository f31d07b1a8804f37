import type { Logger } from '@bullpen/shared';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { ActiveAttempts } from '../in-flight/active-attempts.js';
import type { Leases } from '../in-flight/leases.js';
import type { Admission } from '../in-flight/trials.js';
import type { LostFetches } from './lost-fetches.js';

/** What a {@link Gate} looks at. */
export interface GateDeps {
  readonly active: ActiveAttempts;
  readonly leases: Leases;
  readonly lostFetches: Pick<LostFetches, 'wasHandedBack'>;
  readonly leaseMs: number;
  readonly log: Logger;
}

/**
 * Decides whether a fetched job may be attempted: it must be ours, and the worker must not drain.
 */
export class Gate {
  readonly #deps: GateDeps;

  constructor(deps: GateDeps) {
    this.#deps = deps;
  }

  /** Returns a promise only when Redis must be asked. */
  admit(attempt: ActiveAttempt): Admission | Promise<Admission> {
    const { lostFetches, leaseMs } = this.#deps;
    if (lostFetches.wasHandedBack(attempt)) {
      attempt.confirm();
      return 'leave';
    }
    if (attempt.lease.lost) return 'leave';
    // It was fetched some time ago (the process was frozen, or the event loop stood still), or there
    // may be no job behind its id. Redis says whether the job is ours.
    const isStale = attempt.lease.until - performance.now() < leaseMs / 2;
    if (isStale || !attempt.fetched.hasName) return this.#admitAnswered(attempt);
    return this.#admitOurs();
  }

  async #admitAnswered(attempt: ActiveAttempt): Promise<Admission> {
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
