import type { Logger } from '@bullpen/shared';
import type { Job } from 'bullmq';
import { attemptNumber } from '../attempt/attempt-number.js';
import type { Context } from '../handlers/handler.js';
import type { Books } from '../rows/row-jobs.js';
import type { ActiveAttempt } from './active-attempts.js';

/** What a handler's context is about: an attempt, or that of a row of a shared job. */
export type Attempted = Pick<ActiveAttempt, 'jobId' | 'queue' | 'lease' | 'stop' | 'outcome' | 'isShared'>;

/**
 * What a handler is given beside the payload, over a BullMQ job. A class with getters: most
 * attempts ask for little of it, and pay for no more.
 */
export class AttemptContext implements Context {
  readonly #job: Job;
  readonly #entry: Attempted;
  readonly #parentLog: Logger;
  readonly #books: Books;
  #log: Logger | undefined;
  readonly deadline: number;

  constructor(job: Job, entry: Attempted, deadline: number, parentLog: Logger, books: Books) {
    this.#job = job;
    this.#entry = entry;
    this.deadline = deadline;
    this.#parentLog = parentLog;
    this.#books = books;
  }

  get jobId(): string {
    return this.#entry.jobId;
  }

  get attempt(): number {
    return attemptNumber(this.#job).attempt;
  }

  get maxAttempts(): number {
    return attemptNumber(this.#job).maxAttempts;
  }

  get enqueuedAt(): number {
    return this.#job.timestamp;
  }

  get signal(): AbortSignal {
    return this.#entry.stop.signal;
  }

  get log(): Logger {
    const { jobId, queue } = this.#entry;
    this.#log ??= this.#parentLog.child({ job: this.#job.name, jobId, queue, attempt: this.attempt });
    return this.#log;
  }

  /**
   * A getter too, so that it still works when a handler takes its context apart: `async (payload, {
   * progress }) => …`.
   */
  get progress(): Context['progress'] {
    const { queue, jobId, lease, isShared } = this.#entry;
    return async (value) => {
      // The progress of one row would stand for that of all.
      if (this.#entry.outcome !== undefined || lease.lost || isShared) return;
      // For people to look at; an attempt must not fail for it, nor a process for a call that
      // nobody awaited.
      await this.#books
        .progress(queue, jobId, lease, value)
        .catch((error: unknown) => this.log.warn({ err: error }, 'progress was not recorded'));
    };
  }
}
