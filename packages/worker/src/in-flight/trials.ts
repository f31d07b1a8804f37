import type { JobDefinition, Logger } from '@bullpen/shared';
import {
  lockKey,
  MAX_TIMER_MS,
  neighboursKey,
  queueKeys,
  SUSPECT_FIELD,
  suspectsKey,
  TRIAL_FIELD,
} from '@bullpen/shared/internal';
import type { ScriptedRedis } from '../redis/commands.js';
import { pause } from '../redis/pause.js';
import type { ActiveAttempt } from './active-attempt.js';
import type { ActiveAttempts } from './active-attempts.js';
import { putOnTrial } from './put-on-trial.js';
import { notOurs, type Recorder } from './recorder.js';

/**
 * What becomes of a fetched job:
 * - `attempt`: its handler may run
 * - `hand back`: it goes to the front of its queue
 * - `put off`: it is a suspect, and another one is attempted
 * - `leave`: it is not ours any more
 */
export type Admission = 'attempt' | 'hand back' | 'put off' | 'leave';

/** What {@link Trials} need. */
export interface TrialsDeps {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly queues: readonly string[];
  readonly active: ActiveAttempts;
  readonly recorder: Recorder;
  readonly log: Logger;
}

/** How often a suspect that has to be alone looks whether the other attempts are over. */
const LOOK_MS = 50;

/**
 * Finds out which of several jobs kills its process. When a process dies, the stall check marks all
 * its jobs as suspects, and charges none. A worker attempts one suspect at a time, over all its
 * queues, beside jobs that nobody suspects, and tells Redis which: that one is on trial. If the
 * process dies then, only the job on trial is charged. Before the crash that would fail it, a
 * suspect is attempted alone, so no job fails for what another one did.
 *
 * A suspect is acquitted when its attempt ends in any way, or when it has run for longer than it had
 * when its process died.
 */
export class Trials {
  readonly #deps: TrialsDeps;
  /** The suspect that this worker has. Other suspects are put off. */
  #suspect: ActiveAttempt | undefined;
  #isAlone = false;
  #probation: NodeJS.Timeout | undefined;
  /** Whether the log knows that no suspect can be alone here, because an attempt is stuck. */
  #saidStuck = false;

  constructor(deps: TrialsDeps) {
    this.#deps = deps;
  }

  /** Whether a suspect is attempted alone, or is going to be. Then no job may be fetched. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /**
   * Tells Redis which queues this worker serves together. Await it before the first fetch.
   * @throws what Redis throws
   */
  async load(): Promise<void> {
    const { redis, prefix, queues } = this.#deps;
    const baseOf = (queue: string): string => queueKeys(prefix, queue).base;
    if (queues.length === 1) return;
    for (const queue of queues) {
      const others = queues.filter((other) => other !== queue);
      await redis.bullpenNeighbours(neighboursKey(prefix, queue), ...others.map(baseOf));
    }
  }

  /**
   * Whether a job may be attempted now. Returns a promise only for a suspect that may be.
   * @param job its definition; `undefined` when the handler will not run
   * @param hasEnded whether the handler will not run any more, because the job is cancelled or has
   *   expired; may become true while a suspect waits
   */
  admit(
    attempt: ActiveAttempt,
    job: JobDefinition | undefined,
    hasEnded: () => boolean,
  ): Admission | Promise<Admission> {
    if (this.#isAlone) return attempt.isSuspect ? 'put off' : 'hand back';
    if (!attempt.isSuspect || job === undefined || hasEnded()) return 'attempt';
    if (this.#suspect !== undefined) return 'put off';
    const mustBeAlone = attempt.lease.crashes >= job.maxCrashes - 1;
    if (mustBeAlone && this.#isAnyStuck(attempt)) return 'put off';
    this.#suspect = attempt;
    this.#isAlone = mustBeAlone;
    return this.#try(attempt, job, hasEnded);
  }

  /**
   * Whether an attempt at several rows must hand its job back before its next row, because a suspect
   * has to be alone: it would wait for all the rows that are left.
   */
  mustMakeWay(attempt: ActiveAttempt): boolean {
    return this.#isAlone && this.#suspect !== attempt;
  }

  /** The attempt at a suspect has ended, or runs for long enough: it killed no process. */
  acquit(attempt: ActiveAttempt): void {
    if (!attempt.isSuspect) return;
    attempt.acquit();
    const { redis, prefix } = this.#deps;
    const job = queueKeys(prefix, attempt.queue).base + attempt.jobId;
    // Not awaited. If it is lost, the job is only tried once more.
    redis
      .bullpenRewrite(lockKey(job), job, attempt.lease.token, SUSPECT_FIELD, '', TRIAL_FIELD, '')
      .catch(() => undefined);
    this.release(attempt);
  }

  /** The attempt is over, or its job is no suspect any more: the next suspect may come. */
  release(attempt: ActiveAttempt): void {
    if (this.#suspect !== attempt) return;
    clearTimeout(this.#probation);
    this.#suspect = undefined;
    this.#isAlone = false;
    const { redis, prefix, queues } = this.#deps;
    for (const queue of queues) {
      redis.bullpenNextSuspect(suspectsKey(prefix, queue), queueKeys(prefix, queue).base).catch(() => undefined);
    }
  }

  async #try(attempt: ActiveAttempt, { timeoutMs }: JobDefinition, hasEnded: () => boolean): Promise<Admission> {
    const { active, recorder, log } = this.#deps;
    const { jobId, queue, lease, suspectMs = 0 } = attempt;
    if (this.#isAlone) {
      log.warn({ jobId, queue, crashes: lease.crashes }, 'job is attempted alone: processes died under it');
      const decided = await this.#othersAreOver(attempt, hasEnded);
      if (decided !== undefined) return decided;
    }
    const { kind } = await recorder.write(attempt, () => this.#tell(attempt), 'suspect could not be tried');
    if (kind !== 'written') return 'leave';
    if (active.draining) return 'hand back';
    const probationMs = Math.min(suspectMs, timeoutMs, MAX_TIMER_MS);
    this.#probation = setTimeout(() => this.acquit(attempt), probationMs).unref();
    return 'attempt';
  }

  /** Tells Redis that the job is on trial, while its lease holds. */
  async #tell(attempt: ActiveAttempt): Promise<void> {
    if (!(await putOnTrial(this.#deps, attempt))) throw notOurs();
  }

  /**
   * Waits until no other attempt is in flight. Those that have not started are handed back.
   * @returns what becomes of the suspect without a trial; `undefined` when it is alone now
   */
  async #othersAreOver(attempt: ActiveAttempt, hasEnded: () => boolean): Promise<Admission | undefined> {
    const { active } = this.#deps;
    for (;;) {
      if (attempt.lease.lost) return 'leave';
      if (active.draining) return 'hand back';
      if (hasEnded()) return 'attempt';
      if (active.size === 1) return undefined;
      if (this.#isAnyStuck(attempt)) {
        // Not `release`: it would call this very suspect, and we would put it off again at once.
        this.#suspect = undefined;
        this.#isAlone = false;
        return 'put off';
      }
      await pause(LOOK_MS);
    }
  }

  /**
   * Whether an attempt is stuck. It may run for ever, so a suspect cannot be alone here. Another
   * process can have it.
   */
  #isAnyStuck({ jobId, queue }: ActiveAttempt): boolean {
    const stuckJobIds = this.#deps.active.stuck().map((stuck) => stuck.jobId);
    const isAny = stuckJobIds.length > 0;
    if (isAny && !this.#saidStuck) {
      this.#deps.log.warn({ jobId, queue, stuckJobIds }, 'job cannot be attempted alone here: an attempt is stuck');
    }
    this.#saidStuck = isAny;
    return isAny;
  }
}
