import type { Logger } from '@bullpen/shared';
import type { ActiveAttempt } from './active-attempts.js';
import { confirms } from './lease.js';
import type { Leases } from './leases.js';
import type { Outage } from './outage.js';
import { pause } from './pause.js';

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

/** Carries the end of an attempt to Redis, through any outage, as long as the job is ours. */
export class Recorder {
  readonly #leases: Leases;
  readonly #outage: Outage;
  readonly #log: Logger;

  constructor(leases: Leases, outage: Outage, log: Logger) {
    this.#leases = leases;
    this.#outage = outage;
    this.#log = log;
  }

  /**
   * Writes until Redis has carried it out, or says that it had done so before (only its reply was lost), or that the job is another worker's. Marks the
   * attempt as confirmed in the first two cases. Never throws: a success must not become a failure because Redis was away.
   * @returns what the write that was answered returned
   */
  async record<T>(attempt: ActiveAttempt, write: () => Promise<T>): Promise<T | undefined> {
    if (this.#leases.closed) return undefined;
    try {
      const value = await write();
      attempt.confirmed = true;
      return value;
    } catch (error) {
      return this.#recordAgain(attempt, error, write);
    }
  }

  async #recordAgain<T>(attempt: ActiveAttempt, refusal: unknown, write: () => Promise<T>): Promise<T | undefined> {
    let error = refusal;
    for (let pauseMs = FIRST_PAUSE_MS; !this.#leases.closed; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      if (!(await this.#isToBeRepeated(attempt, error))) return undefined;
      await pause(pauseMs);
      if (this.#leases.closed) return undefined;
      try {
        const value = await write();
        attempt.confirmed = true;
        this.#outage.accepted();
        return value;
      } catch (again) {
        error = again;
      }
    }
    return undefined;
  }

  async #isToBeRepeated(attempt: ActiveAttempt, refusal: unknown): Promise<boolean> {
    try {
      if (!isNotOurs(refusal)) throw refusal;
      const answer = await this.#leases.ask(attempt);
      if (confirms(answer, attempt.outcome)) attempt.confirmed = true;
      return answer === 'held';
    } catch (error) {
      if (this.#outage.isOne(error)) return true;
      this.#log.error({ jobId: attempt.jobId, queue: attempt.queue, err: error }, 'outcome could not be recorded');
      return false;
    }
  }
}

/** What BullMQ's scripts answer when a job is not ours: it is gone, its lock is missing, it is not active, its lock is another's. */
const NOT_OURS: readonly unknown[] = [-1, -2, -3, -6];

const isNotOurs = (error: unknown): boolean => NOT_OURS.includes((error as { code?: unknown } | null)?.code);
