import type { Logger } from '@bullpen/shared';
import { reasonOf } from '@bullpen/shared/internal';
import type { Outage } from '../redis/outage.js';
import { pause } from '../redis/pause.js';
import type { ActiveAttempt } from './active-attempt.js';
import { confirms, type LeaseAnswer } from './lease.js';
import type { Leases } from './leases.js';

const FIRST_PAUSE_MS = 20;
const MAX_PAUSE_MS = 500;
/**
 * How often Redis may refuse in words we do not know, for some seconds in all, before that is taken
 * for its last.
 */
const MAX_REFUSALS = 10;

/** How a {@link Recorder.carry} ended. */
export type Carried<T> =
  | { readonly kind: 'written'; readonly value: T }
  /** The job is not ours any more; what Redis said of the lease, if it did. */
  | { readonly kind: 'over'; readonly answer: LeaseAnswer | undefined }
  | { readonly kind: 'refused'; readonly error: unknown };

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
   * Writes until Redis has carried it out, or says that it had done so before (only its reply was
   * lost), or that the job is not ours any more. Marks the attempt as confirmed in the first two
   * cases. Never throws: a success must not become a failure because Redis was away.
   * @param instead what to write when Redis refuses for good, given the reason; without it there is
   *   nothing but to say so
   * @returns what the write that was answered returned
   */
  async record<T>(
    attempt: ActiveAttempt,
    write: () => Promise<T>,
    instead?: (reason: string) => Promise<T>,
  ): Promise<T | undefined> {
    const carried = await this.carry(attempt, write);
    switch (carried.kind) {
      case 'written':
        attempt.confirm();
        return carried.value;
      case 'refused':
        return this.#refused(attempt, carried.error, instead);
      case 'over':
        if (carried.answer !== undefined && confirms(carried.answer, attempt)) attempt.confirm();
        return undefined;
    }
  }

  /**
   * Writes until Redis has carried it out, says that the job is not ours any more, or has refused
   * for good. Never throws, and says nothing of the attempt.
   */
  async carry<T>(attempt: ActiveAttempt, write: () => Promise<T>): Promise<Carried<T>> {
    let pauseMs = FIRST_PAUSE_MS;
    let refusals = 0;
    while (!this.#leases.closed) {
      try {
        const value = await write();
        this.#outage.accepted();
        return { kind: 'written', value };
      } catch (error) {
        if (isReply(error)) refusals += 1;
        const end = await this.#afterRefusal(attempt, error, refusals);
        if (end !== undefined) return end;
      }
      await pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
    }
    return { kind: 'over', answer: undefined };
  }

  /** How the writing ends when a write failed; `undefined`: write again. */
  async #afterRefusal(
    attempt: ActiveAttempt,
    error: unknown,
    refusals: number,
  ): Promise<Exclude<Carried<never>, { kind: 'written' }> | undefined> {
    if (this.#outage.noteIfOutage(error)) return undefined;
    // A script that somebody killed, say: it may be carried out the next time, or have been in
    // part.
    const mayPass = isReply(error) && refusals < MAX_REFUSALS;
    if (!isNotOurs(error) && !mayPass) return { kind: 'refused', error };
    try {
      const answer = await this.#leases.ask(attempt);
      return answer === 'held' ? undefined : { kind: 'over', answer };
    } catch (failure) {
      return this.#outage.noteIfOutage(failure) ? undefined : { kind: 'refused', error };
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

/**
 * What BullMQ's scripts answer when a job is not ours: it is gone, its lock is missing, it is not
 * active, its lock is another's.
 */
const NOT_OURS: readonly unknown[] = [-1, -2, -3, -6];

/** What a script of ours is taken to have thrown when it answered that a job is not ours. */
export const notOurs = (): Error => Object.assign(new Error('the job is not ours'), { code: -2 });

/** Whether Redis itself said no, and not one of BullMQ's scripts or this process. */
const isReply = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError';

const isNotOurs = (error: unknown): boolean => NOT_OURS.includes((error as { code?: unknown } | null)?.code);
