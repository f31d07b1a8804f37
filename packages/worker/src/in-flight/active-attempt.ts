import { hasCode, type JobDefinition } from '@bullpen/shared';
import { type BullpenOpts, readBullpenOpts, type Thrown } from '@bullpen/shared/internal';
import { attemptNumber, maxAttemptsOf } from '../attempt/attempt-number.js';
import { AttemptStop } from '../attempt/attempt-stop.js';
import { type Notes, notesOf } from '../attempt/notes.js';
import type { Outcome, OutcomeKind } from '../attempt/outcome.js';
import { type FetchedJob, storedPayload } from './fetched-job.js';
import type { Lease } from './lease.js';

/** How an attempt ended, and what is to be written with it. */
export interface Ending {
  readonly outcome: Outcome;
  /** What Bullpen writes in the call that records the end. */
  readonly notes?: Notes | undefined;
  /** How long a failed job waits for its next attempt; without it the job's stored backoff holds. */
  readonly retryInMs?: number | undefined;
  /** It failed for a reason of our own, that is recorded word for word; it is not attempted again. */
  readonly isFinal?: boolean;
}

/** Where an attempt is on its way. */
type Stage = 'fetched' | 'started' | 'stuck';

/**
 * One attempt in flight, from the fetch of its job until Redis has confirmed its end. Everybody who
 * changes it does so by one of its methods, which stand in the order in which they are called.
 */
export class ActiveAttempt {
  readonly fetched: FetchedJob;
  readonly lease: Lease;
  readonly bullpen: BullpenOpts;
  #maxAttempts: number;
  #stage: Stage = 'fetched';
  #stop = new AttemptStop();
  #ending: Ending | undefined;
  #wasLeft = false;
  #confirmed = false;

  constructor(fetched: FetchedJob, lease: Lease) {
    this.fetched = fetched;
    this.lease = lease;
    this.bullpen = readBullpenOpts(fetched.opts);
    this.#maxAttempts = maxAttemptsOf(fetched.opts['attempts'], undefined);
  }

  get queue(): string {
    return this.fetched.queue;
  }

  get jobId(): string {
    return this.fetched.id;
  }

  /** The name of its job. */
  get job(): string {
    return this.fetched.name;
  }

  /** The batch its job belongs to. */
  get batch(): string | undefined {
    return this.bullpen.batch;
  }

  /** Whether several rows share the job: each of them is counted, and the job is not. */
  get isShared(): boolean {
    return this.bullpen.batch !== undefined && this.bullpen.rows !== undefined;
  }

  /** Which attempt at its job this is, counted from 1. */
  get number(): number {
    return attemptNumber(this.fetched.attemptsMade);
  }

  get maxAttempts(): number {
    return this.#maxAttempts;
  }

  /** How to stop it; of a shared job, the row at hand. */
  get stop(): AttemptStop {
    return this.#stop;
  }

  /** Whether it got past the gate. */
  get started(): boolean {
    return this.#stage !== 'fetched';
  }

  /** Whether it is past its deadline and the time to heed it, and still running. */
  get stuck(): boolean {
    return this.#stage === 'stuck' && this.outcome === undefined;
  }

  /** How it ended, once it has. It stays in flight until Redis has confirmed that. */
  get outcome(): OutcomeKind | undefined {
    return this.#ending?.outcome.kind ?? (this.#wasLeft ? 'interrupted' : undefined);
  }

  /** What is written when its end is recorded. */
  get notes(): Notes | undefined {
    return this.#ending?.notes;
  }

  /** Whether Redis has confirmed its end. */
  get confirmed(): boolean {
    return this.#confirmed;
  }

  /** A job that another client enqueued may carry no policy; then the definition's holds. */
  applyPolicy(definition: JobDefinition | undefined): void {
    this.#maxAttempts = maxAttemptsOf(this.fetched.opts['attempts'], definition?.maxAttempts);
  }

  /** Its handler is about to run. */
  start(): void {
    this.#stage = 'started';
  }

  /** A row of its job is about to be attempted, and is what `stop` stops. */
  startRow(stop: AttemptStop): void {
    this.#stop = stop;
    this.#stage = 'started';
  }

  /** The row at hand is over, and none has begun since. */
  endRow(): void {
    this.#stage = 'fetched';
  }

  /** Its handler runs on, although its deadline has passed and the time to heed it. */
  markStuck(): void {
    this.#stage = 'stuck';
  }

  /** It ended like this. A failed job waits `retryInMs` for its next attempt. */
  end(outcome: Outcome, retryInMs?: number): Ending {
    this.#ending = { outcome, notes: this.#notesOf(outcome, this.#maxAttempts), retryInMs };
    return this.#ending;
  }

  /** The rows of its job are all settled, or have jobs of their own. */
  endRows(): Ending {
    const notes: Notes = { batch: this.batch as string, forgetCancelled: true };
    this.#ending = { outcome: { kind: 'completed', result: undefined }, notes };
    return this.#ending;
  }

  /** Its job is another worker's or nobody's by now: nothing is recorded. */
  leave(): undefined {
    this.#wasLeft = true;
    return undefined;
  }

  /** It failed for good, whatever its handler did: Redis will never record its success, say. */
  failForGood(error: Thrown): Ending {
    const outcome: Outcome = { kind: 'failed', error };
    this.#ending = { outcome, notes: this.#notesOf(outcome, 0), isFinal: true };
    return this.#ending;
  }

  /** Redis has recorded its end, or had given its job back before it began. */
  confirm(): void {
    this.#confirmed = true;
  }

  #notesOf(outcome: Outcome, maxAttempts: number): Notes | undefined {
    const { bullpen, job, jobId, fetched, number } = this;
    const cancelAsked = hasCode(this.#stop.reason, 'BULLPEN_JOB_CANCELLED');
    const payload = (): unknown => storedPayload(fetched);
    return notesOf(outcome, { bullpen, job, jobId, payload, attempt: number, maxAttempts, cancelAsked });
  }
}
