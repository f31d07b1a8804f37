import type { AttemptInput } from '../attempt/attempt-input.js';
import { AttemptStop } from '../attempt/attempt-stop.js';
import type { OutcomeKind } from '../attempt/outcome.js';
import type { AnyHandler, Context } from '../handlers/handler.js';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import { AttemptContext, type ContextSource } from '../in-flight/attempt-context.js';
import type { FaultOwner } from '../in-flight/fault-owner.js';
import { type FetchedJob, nowOf } from '../in-flight/fetched-job.js';
import type { WorkerDeps } from '../in-flight/worker-deps.js';

/** A row of a shared job that is not done yet. */
export interface OpenRow {
  readonly row: number;
  readonly id: string;
  /** Its place among the rows of the job, counted from 0. */
  readonly place: number;
  readonly payload: unknown;
}

/** What the attempts at the rows of one shared job have in common. */
export interface RowAttemptDeps {
  readonly attempt: ActiveAttempt;
  readonly handler: AnyHandler | undefined;
  readonly malformed: readonly string[] | undefined;
  readonly worker: WorkerDeps;
  readonly onStuck: (stuck: ContextSource) => void;
}

/**
 * An attempt at one row of a shared job, or at all rows by a handler of many. It is the input, the
 * source of the context and the fault owner in one, so that a row needs one object.
 */
export class RowAttempt implements AttemptInput, ContextSource, FaultOwner {
  readonly #deps: RowAttemptDeps;
  readonly payload: unknown;
  readonly rowId: string;
  readonly jobId: string;
  readonly row: number | undefined;
  readonly startedAt = performance.now();
  readonly stop = new AttemptStop();
  readonly isShared = true;
  readonly crashes = 0;
  outcome: OutcomeKind | undefined = undefined;

  constructor(deps: RowAttemptDeps, [first, second]: readonly OpenRow[]) {
    this.#deps = deps;
    this.payload = first?.payload;
    this.rowId = first?.id ?? '';
    this.jobId = second === undefined ? this.rowId : deps.attempt.jobId;
    this.row = second === undefined ? first?.row : undefined;
  }

  get handler(): AnyHandler | undefined {
    return this.#deps.handler;
  }

  get jobName(): string {
    return this.#deps.attempt.job;
  }

  get job(): string {
    return this.#deps.attempt.job;
  }

  get batch(): string | undefined {
    return this.#deps.attempt.batch;
  }

  get fetched(): FetchedJob {
    return this.#deps.attempt.fetched;
  }

  get number(): number {
    return this.#deps.attempt.number;
  }

  get maxAttempts(): number {
    return this.#deps.attempt.maxAttempts;
  }

  get queue(): string {
    return this.#deps.attempt.queue;
  }

  get lease(): ActiveAttempt['lease'] {
    return this.#deps.attempt.lease;
  }

  get expiresAt(): number | undefined {
    return this.#deps.attempt.bullpen.expiresAt;
  }

  get malformed(): readonly string[] | undefined {
    return this.#deps.malformed;
  }

  now(): number {
    return nowOf(this.#deps.worker.clock, this.fetched);
  }

  context(deadline: number): Context {
    const { log, progress } = this.#deps.worker;
    return new AttemptContext(this, deadline, log, progress);
  }

  onStuck(): void {
    this.#deps.onStuck(this);
  }
}
