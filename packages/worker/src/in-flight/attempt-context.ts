import type { Logger } from '@bullpen/shared';
import type { Context } from '../handlers/handler.js';
import type { ActiveAttempt } from './active-attempt.js';
import { AttemptProgress } from './attempt-progress.js';
import type { Progress } from './progress.js';

/** What a handler's context reads from: an attempt at a job, or at a row of a shared job. */
export type ContextSource = { progress?: AttemptProgress | undefined } & Pick<
  ActiveAttempt,
  | 'job'
  | 'jobId'
  | 'queue'
  | 'batch'
  | 'row'
  | 'fetched'
  | 'number'
  | 'maxAttempts'
  | 'lease'
  | 'stop'
  | 'outcome'
  | 'isShared'
>;

/**
 * What a handler gets beside the payload. It is a class with getters, as most attempts read few of
 * its fields and do not pay for the others.
 */
export class AttemptContext implements Context {
  readonly #attempt: ContextSource;
  readonly #parentLog: Logger;
  readonly #progress: Progress;
  readonly #deadline: number;
  #log: Logger | undefined;

  /** @param deadline an instant on the monotonic clock (ms) */
  constructor(attempt: ContextSource, deadline: number, parentLog: Logger, progress: Progress) {
    this.#attempt = attempt;
    this.#deadline = deadline;
    this.#parentLog = parentLog;
    this.#progress = progress;
  }

  get job(): string {
    return this.#attempt.job;
  }

  get queue(): string {
    return this.#attempt.queue;
  }

  get batch(): string | undefined {
    return this.#attempt.batch;
  }

  get row(): number | undefined {
    return this.#attempt.row;
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

  /**
   * By the clock of this host at the moment, because handlers compare it with their own `Date.now()`.
   */
  get deadline(): number {
    return Math.round(Date.now() + this.#deadline - performance.now());
  }

  get signal(): AbortSignal {
    return this.#attempt.stop.signal;
  }

  get log(): Logger {
    this.#log ??= this.#parentLog.child(fieldsOf(this.#attempt));
    return this.#log;
  }

  /**
   * A getter, too: it still works when a handler destructures its context, as in `async (payload, {
   * progress }) => …`.
   */
  get progress(): Context['progress'] {
    const attempt = this.#attempt;
    return (value) => {
      // A shared job has one progress. The progress of one row would stand for all its rows.
      if (attempt.outcome !== undefined || attempt.lease.lost || attempt.isShared) return Promise.resolve();
      attempt.progress ??= new AttemptProgress((latest) => this.#record(latest));
      return attempt.progress.report(value);
    };
  }

  /**
   * Progress is for people to see. If it cannot be recorded, neither the attempt must fail, nor the
   * process because of a promise that nobody awaited.
   */
  async #record(value: unknown): Promise<void> {
    try {
      await this.#progress.record(this.#attempt, value);
    } catch (error) {
      this.log.warn({ err: error }, 'progress was not recorded');
    }
  }
}

function fieldsOf({ job, jobId, queue, number, batch, row }: ContextSource): object {
  const ofRow = { ...(batch === undefined ? {} : { batch }), ...(row === undefined ? {} : { row }) };
  return { job, jobId, queue, attempt: number, ...ofRow };
}
