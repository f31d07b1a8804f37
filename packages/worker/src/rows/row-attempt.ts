import type { Job } from 'bullmq';
import type { AttemptInput } from '../attempt/attempt-input.js';
import { AttemptStop } from '../attempt/attempt-stop.js';
import type { OutcomeKind } from '../attempt/outcome.js';
import type { Context, Handler } from '../handlers/handler.js';
import type { ActiveAttempt } from '../in-flight/active-attempts.js';
import { AttemptContext, type Attempted } from '../in-flight/attempt-context.js';
import type { FaultOwner } from '../in-flight/fault-owner.js';
import type { WorkerDeps } from '../in-flight/worker-deps.js';

/** A row of a shared job that is still to be done. */
export interface OpenRow {
  readonly row: number;
  readonly id: string;
  /** Which of the job's rows it is, counted from 0. */
  readonly place: number;
  readonly payload: unknown;
}

/** What the attempts at the rows of one shared job have in common. */
export interface RowTerms {
  readonly job: Job;
  readonly entry: ActiveAttempt;
  readonly handler: Handler | undefined;
  readonly expiresAt: number | undefined;
  readonly malformed: readonly string[] | undefined;
  readonly shared: WorkerDeps;
  readonly onStuck: (attempted: Attempted) => void;
}

/**
 * An attempt at one row of a shared job, or at all of them by a handler of many. One object for all
 * that is made for every row.
 */
export class RowAttempt implements AttemptInput, Attempted, FaultOwner {
  readonly #terms: RowTerms;
  readonly payload: unknown;
  readonly rowId: string;
  readonly jobId: string;
  readonly startedAt = Date.now();
  readonly stop = new AttemptStop();
  readonly isShared = true;
  readonly crashes = 0;
  outcome: OutcomeKind | undefined = undefined;

  constructor(terms: RowTerms, [first, second]: readonly OpenRow[]) {
    this.#terms = terms;
    this.payload = first?.payload;
    this.rowId = first?.id ?? '';
    this.jobId = second === undefined ? this.rowId : terms.entry.jobId;
  }

  get handler(): Handler | undefined {
    return this.#terms.handler;
  }

  get jobName(): string {
    return this.#terms.job.name;
  }

  get job(): string {
    return this.#terms.job.name;
  }

  get queue(): string {
    return this.#terms.entry.queue;
  }

  get lease(): ActiveAttempt['lease'] {
    return this.#terms.entry.lease;
  }

  get expiresAt(): number | undefined {
    return this.#terms.expiresAt;
  }

  get malformed(): readonly string[] | undefined {
    return this.#terms.malformed;
  }

  context(deadline: number): Context {
    const { job, shared } = this.#terms;
    return new AttemptContext(job, this, deadline, shared.log, shared.books);
  }

  onStuck(): void {
    this.#terms.onStuck(this);
  }
}
