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
 * How often Redis may refuse with an error that we do not know, before we give up. With the pauses
 * this takes some seconds.
 */
const MAX_REFUSALS = 10;

/** How {@link Recorder.write} ended. */
export type WriteResult<T> =
  | { readonly kind: 'written'; readonly value: T }
  /** The job is not ours any more. `answer` is what Redis said of the lease, if Redis was asked. */
  | { readonly kind: 'over'; readonly answer: LeaseAnswer | undefined }
  | { readonly kind: 'refused'; readonly error: unknown };

/** Writes the end of an attempt to Redis, through any outage, as long as the job is ours. */
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
   * Records an end. Sends it until Redis has carried it out, or says that it did so before and only
   * the reply was lost, or says that the job is not ours any more. In the first two cases the attempt
   * is confirmed. Never throws: a success must not become a failure because Redis was away.
   * @param instead what to send when Redis refuses for good, given the reason. Without it the
   *   refusal is only logged
   * @returns what the send that succeeded returned
   */
  async record<T>(
    attempt: ActiveAttempt,
    send: () => Promise<T>,
    instead?: (reason: string) => Promise<T>,
  ): Promise<T | undefined> {
    const result = await this.write(attempt, send);
    switch (result.kind) {
      case 'written':
        attempt.confirm();
        return result.value;
      case 'refused':
        return instead && this.record(attempt, () => instead(reasonOf(result.error)));
      case 'over':
        if (result.answer !== undefined && confirms(result.answer, attempt)) attempt.confirm();
        return undefined;
    }
  }

  /**
   * Sends until Redis has carried it out, or says that the job is not ours any more, or has refused
   * for good, which is logged. Never throws, and leaves the attempt as it is.
   * @param failure the message of a refusal
   */
  async write<T>(
    attempt: ActiveAttempt,
    send: () => Promise<T>,
    failure = 'outcome could not be recorded',
  ): Promise<WriteResult<T>> {
    let pauseMs = FIRST_PAUSE_MS;
    let refusals = 0;
    while (!this.#leases.closed) {
      try {
        if (this.#outage.lacksPermission) await this.allowed();
        const value = await send();
        this.#outage.accepted();
        return { kind: 'written', value };
      } catch (error) {
        if (isReply(error)) refusals += 1;
        const end = await this.#afterRefusal(attempt, error, refusals);
        if (end?.kind === 'refused') {
          const { jobId, queue } = attempt;
          this.#log.error({ jobId, queue, err: end.error }, failure);
        }
        if (end !== undefined) return end;
      }
      await pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
    }
    return { kind: 'over', answer: undefined };
  }

  /** Resolves when no permission is missing: a record could be done by half. */
  async allowed(): Promise<void> {
    while (this.#outage.lacksPermission && !this.#leases.closed) await pause(MAX_PAUSE_MS);
  }

  /** How the writing ends after a send that failed; `undefined` means: send again. */
  async #afterRefusal(
    attempt: ActiveAttempt,
    error: unknown,
    refusals: number,
  ): Promise<Exclude<WriteResult<never>, { kind: 'written' }> | undefined> {
    if (this.#outage.noteIfOutage(error)) return undefined;
    // Somebody may have killed the script, for example. Redis may carry it out the next time, or may
    // have carried out a part of it.
    const mayPass = isReply(error) && refusals < MAX_REFUSALS;
    if (!isNotOurs(error) && !mayPass) return { kind: 'refused', error };
    try {
      const answer = await this.#leases.ask(attempt);
      return answer === 'held' ? undefined : { kind: 'over', answer };
    } catch (failure) {
      return this.#outage.noteIfOutage(failure) ? undefined : { kind: 'refused', error };
    }
  }
}

/**
 * How BullMQ's scripts say that a job is not ours: the job is gone, its lock is missing, the job is
 * not active, or another worker has its lock.
 */
const NOT_OURS: readonly unknown[] = [-1, -2, -3, -6];

/** The error for a script of ours that answered that a job is not ours. */
export const notOurs = (): Error => Object.assign(new Error('the job is not ours'), { code: -2 });

/** Whether Redis itself refused, and neither a script of BullMQ nor this process. */
export const isReply = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError';

const isNotOurs = (error: unknown): boolean => NOT_OURS.includes((error as { code?: unknown } | null)?.code);
