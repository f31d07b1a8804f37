import type { JobDefinition } from '@bullpen/shared';
import { type BullpenOpts, readBullpenOpts, rowOfId, type Thrown } from '@bullpen/shared/internal';
import { attemptNumber, maxAttemptsOf } from '../attempt/attempt-number.js';
import { AttemptStop } from '../attempt/attempt-stop.js';
import { type Notes, notesOf } from '../attempt/notes.js';
import type { Outcome, OutcomeKind } from '../attempt/outcome.js';
import type { AttemptProgress } from './attempt-progress.js';
import type { FetchedJob } from './fetched-job.js';
import type { Lease } from './lease.js';

/** How an attempt ended, and what is recorded with it. */
export interface Ending {
  readonly outcome: Outcome;
  /** What Bullpen writes in the call that records the end. */
  readonly notes?: Notes | undefined;
  /**
   * How long a failed job waits for its next attempt. Without it the backoff stored with the job
   * counts.
   */
  readonly retryInMs?: number | undefined;
  /**
   * The failure has a reason of ours, which is recorded word for word. The job is not attempted
   * again.
   */
  readonly isFinal?: boolean;
  /** Its job was not attempted, and comes back when it is called. */
  readonly isPutOff?: boolean;
}

/**
 * How far an attempt has come: `fetched` until it has a slot, `begun` until it has passed the gate.
 */
type Stage = 'fetched' | 'begun' | 'started' | 'stuck';

/**
 * One attempt in flight, from the fetch of its job until Redis has confirmed its end. Only its
 * methods change it. They stand in the order in which they are called.
 */
export class ActiveAttempt {
  readonly fetched: FetchedJob;
  readonly lease: Lease;
  /** Its place among the attempts of this worker, in the order in which their jobs were fetched. */
  readonly nth: number;
  /** Where `ActiveAttempts` has it, which alone changes it. */
  place = -1;
  readonly bullpen: BullpenOpts;
  /** What its handler reports; `undefined` until it reports something. */
  progress: AttemptProgress | undefined;
  #maxAttempts: number;
  #stage: Stage = 'fetched';
  #stop = new AttemptStop();
  #ending: Ending | undefined;
  #wasLeft = false;
  #isAcquitted = false;
  #confirmed = false;
  #cancelled: boolean;

  constructor(fetched: FetchedJob, lease: Lease, nth = 0) {
    this.fetched = fetched;
    this.lease = lease;
    this.nth = nth;
    this.bullpen = readBullpenOpts(fetched.opts);
    this.#maxAttempts = maxAttemptsOf(fetched.opts['attempts'], undefined);
    this.#cancelled = fetched.cancelled;
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

  /** The batch that its job belongs to. */
  get batch(): string | undefined {
    return this.bullpen.batch;
  }

  /**
   * The row of the batch that its job is; `undefined` when its job holds several rows, or is none.
   */
  get row(): number | undefined {
    return this.batch === undefined ? undefined : rowOfId(this.batch, this.jobId);
  }

  /** Whether several rows share the job. Then each row is counted, and the job is not. */
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

  /** How long a suspect had run when its process died, in ms. */
  get suspectMs(): number | undefined {
    return this.fetched.suspectMs;
  }

  /** Whether a process died that had its job, and the job has not been acquitted since. */
  get isSuspect(): boolean {
    return this.suspectMs !== undefined && !this.#isAcquitted;
  }

  /** Whether its job or its batch is cancelled, as far as Redis has told us. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** How to stop the attempt. For a shared job, how to stop the row that runs now. */
  get stop(): AttemptStop {
    return this.#stop;
  }

  /** Whether it has a slot. A job may be fetched before there is one for it. */
  get begun(): boolean {
    return this.#stage !== 'fetched';
  }

  /** Whether it passed the gate. */
  get started(): boolean {
    return this.begun && this.#stage !== 'begun';
  }

  /** Whether its handler still runs some time after its deadline. */
  get stuck(): boolean {
    return this.#stage === 'stuck' && this.outcome === undefined;
  }

  /**
   * How it ended; `undefined` while it runs. It stays in flight until Redis has confirmed the end.
   */
  get outcome(): OutcomeKind | undefined {
    return this.#ending?.outcome.kind ?? (this.#wasLeft ? 'interrupted' : undefined);
  }

  /** Whether it ended before it began, because of a suspect. */
  get wasPutOff(): boolean {
    return this.#ending?.isPutOff !== undefined;
  }

  /** The notes that are written when its end is recorded. */
  get notes(): Notes | undefined {
    return this.#ending?.notes;
  }

  /** Whether Redis has confirmed its end. */
  get confirmed(): boolean {
    return this.#confirmed;
  }

  /** Takes the attempts from the definition, if another client enqueued the job without any. */
  applyPolicy(definition: JobDefinition | undefined): void {
    this.#maxAttempts = maxAttemptsOf(this.fetched.opts['attempts'], definition?.maxAttempts);
  }

  /** Redis said that its job or its batch is cancelled. */
  noteCancelled(): void {
    this.#cancelled = true;
  }

  /** It has a slot. */
  begin(): void {
    this.#stage = 'begun';
  }

  /** Its handler is about to run. */
  start(): void {
    this.#stage = 'started';
  }

  /** Its job has not killed this process: nobody suspects it any more. */
  acquit(): void {
    this.#isAcquitted = true;
  }

  /** A row of its job is about to be attempted. `stop` now stops that row. */
  startRow(stop: AttemptStop): void {
    this.#stop = stop;
    this.#stage = 'started';
  }

  /** The row has ended, and no other row has begun. */
  endRow(): void {
    this.#stage = 'begun';
  }

  /** Its handler still runs some time after its deadline. */
  markStuck(): void {
    this.#stage = 'stuck';
  }

  /** The attempt ended with this outcome. A failed job waits `retryInMs` for its next attempt. */
  end(outcome: Outcome, retryInMs?: number): Ending {
    // Redis refuses progress once it has the end.
    void this.progress?.flush();
    this.#ending = { outcome, notes: this.#notesOf(outcome, this.#maxAttempts), retryInMs };
    return this.#ending;
  }

  /**
   * The attempt failed because code of ours threw. Never throws: if the notes cannot be made, the
   * end is recorded without them.
   */
  endBroken(error: Thrown): Ending {
    const outcome: Outcome = { kind: 'failed', error };
    try {
      return this.end(outcome);
    } catch {
      this.#ending = { outcome };
      return this.#ending;
    }
  }

  /** Its job is not attempted now, because of a suspect. */
  putOff(isSuspect: boolean): Ending {
    this.#ending = { outcome: { kind: 'interrupted', reason: 'put off' }, isPutOff: isSuspect };
    return this.#ending;
  }

  /** All rows of its job are settled or have jobs of their own. */
  endRows(): Ending {
    const notes: Notes = { batch: this.batch as string };
    this.#ending = { outcome: { kind: 'completed', result: undefined }, notes };
    return this.#ending;
  }

  /** Its job is not ours any more: nothing is recorded. */
  leave(): undefined {
    this.#wasLeft = true;
    return undefined;
  }

  /**
   * The attempt failed for good, whatever its handler did. Example: Redis will never record its
   * success.
   */
  failForGood(error: Thrown): Ending {
    const outcome: Outcome = { kind: 'failed', error };
    this.#ending = { outcome, notes: this.#notesOf(outcome, 0), isFinal: true };
    return this.#ending;
  }

  /** Redis has recorded its end, or had handed its job back before the attempt began. */
  confirm(): void {
    this.#confirmed = true;
  }

  #notesOf(outcome: Outcome, maxAttempts: number): Notes | undefined {
    const { bullpen, job, jobId, fetched, number } = this;
    const json = (): string => fetched.storedData;
    return notesOf(outcome, { bullpen, job, jobId, json, attempt: number, maxAttempts });
  }
}
