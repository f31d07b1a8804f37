import { type Logger, reasonOf } from '@bullpen/shared';
import type { ActiveAttempt } from './active-attempts.js';
import { confirms } from './lease.js';
import type { Leases } from './leases.js';
import type { Outage } from './outage.js';
import { pause } from './pause.js';

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;
/** How often Redis may refuse in words we do not know, for some seconds in all, before that is taken for its last. */
const MOST_REFUSALS = 10;

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
   * Writes until Redis has carried it out, or says that it had done so before (only its reply was lost), or that the job is not ours any more. Marks the
   * attempt as confirmed in the first two cases. Never throws: a success must not become a failure because Redis was away.
   * @param instead what to write when Redis refuses for good, given the reason; without it there is nothing but to say so
   * @returns what the write that was answered returned
   */
  async record<T>(
    attempt: ActiveAttempt,
    write: () => Promise<T>,
    instead?: (reason: string) => Promise<T>,
  ): Promise<T | undefined> {
    let pauseMs = FIRST_PAUSE_MS;
    let refusals = 0;
    while (!this.#leases.closed) {
      try {
        const value = await write();
        attempt.confirmed = true;
        this.#outage.accepted();
        return value;
      } catch (error) {
        if (isReply(error)) refusals += 1;
        const next = await this.#afterRefusal(attempt, error, refusals);
        if (next === 'refused') return this.#refused(attempt, error, instead);
        if (next === 'over') return undefined;
      }
      await pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
    return undefined;
  }

  /** What is to be done when a write failed: write again, or nothing, or never this again. */
  async #afterRefusal(
    attempt: ActiveAttempt,
    refusal: unknown,
    refusals: number,
  ): Promise<'again' | 'over' | 'refused'> {
    if (this.#outage.isOne(refusal)) return 'again';
    // A script that somebody killed, say: it may be carried out the next time, or have been in part.
    const mayPass = isReply(refusal) && refusals < MOST_REFUSALS;
    if (!isNotOurs(refusal) && !mayPass) return 'refused';
    try {
      const answer = await this.#leases.ask(attempt);
      if (confirms(answer, attempt.outcome)) attempt.confirmed = true;
      return answer === 'held' ? 'again' : 'over';
    } catch (error) {
      return this.#outage.isOne(error) ? 'again' : 'refused';
    }
  }

  async #refused<T>(
    attempt: ActiveAttempt,
    error: unknown,
    instead?: (reason: string) => Promise<T>,
  ): Promise<T | undefined> {
    const { jobId, queue } = attempt;
    this.#log.error({ jobId, queue, err: error }, 'outcome could not be recorded');
    return instead === undefined ? undefined : this.record(attempt, () => instead(reasonOf(error)));
  }
}

/** What BullMQ's scripts answer when a job is not ours: it is gone, its lock is missing, it is not active, its lock is another's. */
const NOT_OURS: readonly unknown[] = [-1, -2, -3, -6];

/** Whether Redis itself said no, and not one of BullMQ's scripts or this process. */
const isReply = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError';

const isNotOurs = (error: unknown): boolean => NOT_OURS.includes((error as { code?: unknown } | null)?.code);
