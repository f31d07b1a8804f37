import type { Logger } from '@bullpen/shared';
import type { ActiveAttempt } from './active-attempts.js';
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
    for (let pauseMs = FIRST_PAUSE_MS; !this.#leases.closed; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        const value = await write();
        attempt.confirmed = true;
        this.#outage.accepted();
        return value;
      } catch (error) {
        if (isAboutJob(error)) {
          const answer = await this.#leases.ask(attempt).catch(() => 'lost' as const);
          if (answer === 'recorded') attempt.confirmed = true;
          if (answer !== 'held') return undefined;
        } else if (!this.#outage.isOne(error)) {
          this.#log.error({ jobId: attempt.jobId, queue: attempt.queue, err: error }, 'outcome could not be recorded');
          return undefined;
        }
      }
      await pause(pauseMs);
    }
    return undefined;
  }
}

/** BullMQ's scripts answer with a negative number when a job is not where it should be, or not ours. */
function isAboutJob(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' && code < 0;
}
