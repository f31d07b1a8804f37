import type { Logger } from '@bullpen/shared';
import type { Context } from '../handlers/handler.js';
import type { ActiveAttempt } from './active-attempt.js';
import type { Progress } from './progress.js';

/** What a handler's context is about: an attempt at a job, or at a row of a shared job. */
export type Attempted = Pick<
  ActiveAttempt,
  'job' | 'jobId' | 'queue' | 'fetched' | 'number' | 'maxAttempts' | 'lease' | 'stop' | 'outcome' | 'isShared'
>;

/**
 * What a handler is given beside the payload. A class with getters: most attempts ask for little of
 * it, and pay for no more.
 */
export class AttemptContext implements Context {
  readonly #attempt: Attempted;
  readonly #parentLog: Logger;
  readonly #progress: Progress;
  #log: Logger | undefined;
  readonly deadline: number;

  constructor(attempt: Attempted, deadline: number, parentLog: Logger, progress: Progress) {
    this.#attempt = attempt;
    this.deadline = deadline;
    this.#parentLog = parentLog;
    this.#progress = progress;
  }

  get jobId(): string {
    return this.#attempt.jobId;
  }

  get attempt(): number {
    return this.#attempt.number;
  }

  get maxAttempts(): number {
    return this.#attempt.maxAttempts;
  }

  get enqueuedAt(): number {
    return this.#attempt.fetched.timestamp;
  }

  get signal(): AbortSignal {
    return this.#attempt.stop.signal;
  }

  get log(): Logger {
    const { job, jobId, queue, number } = this.#attempt;
    this.#log ??= this.#parentLog.child({ job, jobId, queue, attempt: number });
    return this.#log;
  }

  /**
   * A getter too, so that it still works when a handler takes its context apart: `async (payload, {
   * progress }) => …`.
   */
  get progress(): Context['progress'] {
    const attempt = this.#attempt;
    return async (value) => {
      // The progress of one row would stand for that of all.
      if (attempt.outcome !== undefined || attempt.lease.lost || attempt.isShared) return;
      // For people to look at; an attempt must not fail for it, nor a process for a call that
      // nobody awaited.
      await this.#progress
        .record(attempt, value)
        .catch((error: unknown) => this.log.warn({ err: error }, 'progress was not recorded'));
    };
  }
}
