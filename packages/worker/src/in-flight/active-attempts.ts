import type { BullpenError } from '@bullpen/shared';
import type { OutcomeKind } from '../attempt/outcome.js';
import { ActiveAttempt } from './active-attempt.js';
import type { FetchedJob } from './fetched-job.js';
import type { Lease } from './lease.js';

/** How the attempts that ended, ended. The numbers of the summary line. */
export interface Tally {
  completed: number;
  /** Failed attempts, and jobs that were rejected, expired, cancelled or crashed too often. */
  failed: number;
  snoozed: number;
  /** Started, not finished in time, and given back to the front of their queue. */
  handedBack: number;
  /**
   * Brought by a fetch that was under way when the drain began, and given back before they started.
   */
  notStarted: number;
  /**
   * Ended here, but Redis never confirmed it: the lease was lost, or Redis was. Another worker will
   * attempt them.
   */
  unrecorded: number;
}

/** What the attempts of one worker process are doing, and the gate that lets them start. */
export class ActiveAttempts {
  /**
   * In the order in which they began. An array, and no set or map: those put a new table in place
   * of the old one after every few jobs, which then holds on to the new one, and from its first
   * full collection on the garbage collector would carry all attempts along until the next.
   */
  readonly #attempts: ActiveAttempt[] = [];
  readonly #idle: (() => void)[] = [];
  readonly tally: Tally = { completed: 0, failed: 0, snoozed: 0, handedBack: 0, notStarted: 0, unrecorded: 0 };
  /** Of those counted as unrecorded in a drain. */
  readonly unrecordedJobIds: string[] = [];
  readonly #handedBack: (attempt: ActiveAttempt) => void;
  #draining = false;

  /**
   * @param handedBack is told of each job that was given back to the front of its queue, as Redis
   * has confirmed
   */
  constructor(handedBack: (attempt: ActiveAttempt) => void = () => undefined) {
    this.#handedBack = handedBack;
  }

  /** Once true, no handler may start. */
  get draining(): boolean {
    return this.#draining;
  }

  get size(): number {
    return this.#attempts.length;
  }

  /** Closes the gate. */
  startDraining(): void {
    this.#draining = true;
  }

  /** An attempt begins with the fetch of its job. */
  begin(job: FetchedJob, lease: Lease): ActiveAttempt {
    const attempt = new ActiveAttempt(job, lease);
    this.#attempts.push(attempt);
    return attempt;
  }

  /**
   * The newest attempt of a job that is under way here. There can be an older one: a job that was
   * snoozed or retried at once may come back to this very process before its last attempt is quite
   * through.
   */
  find(queue: string, jobId: string): ActiveAttempt | undefined {
    return this.#attempts.findLast((attempt) => attempt.jobId === jobId && attempt.queue === queue);
  }

  /** Ends an attempt's time here and counts it. */
  finish(attempt: ActiveAttempt): void {
    const at = this.#attempts.indexOf(attempt);
    if (at !== -1) this.#attempts.splice(at, 1);
    const counted = countedAs(attempt);
    if (!(attempt.isShared && counted === 'completed')) this.tally[counted] += 1;
    if (counted === 'handedBack' || counted === 'notStarted') this.#handedBack(attempt);
    if (counted === 'unrecorded' && this.#draining) this.unrecordedJobIds.push(attempt.jobId);
    if (this.#attempts.length === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Counts a row of a shared job, whose end Redis has confirmed. */
  countRow(outcome: OutcomeKind): void {
    this.tally[countedAs({ started: true, outcome, confirmed: true })] += 1;
  }

  [Symbol.iterator](): IterableIterator<ActiveAttempt> {
    // A copy: attempts may end meanwhile.
    return [...this.#attempts].values();
  }

  abortAll(reason: () => BullpenError): void {
    for (const { stop } of this) stop.abort(reason());
  }

  abandonAll(reason: () => BullpenError): void {
    for (const { stop } of this) stop.abandon(reason());
  }

  /** Resolves when no attempt is under way. */
  idle(): Promise<void> {
    return this.#attempts.length === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** How many slots of a queue are taken, and how many of these by what is stuck. */
  slotsOf(queue: string): { readonly active: number; readonly stuck: number } {
    const attempts = this.#attempts.filter((attempt) => attempt.queue === queue);
    return { active: attempts.length, stuck: attempts.filter(({ stuck }) => stuck).length };
  }

  /** How many are past the gate. */
  startedCount(): number {
    let count = 0;
    for (const { started } of this.#attempts) if (started) count += 1;
    return count;
  }

  /** The attempts that are stuck. */
  stuck(): ActiveAttempt[] {
    return this.#attempts.filter(({ stuck }) => stuck);
  }

  /** The ids of the jobs under way, for the last line of a process that could not wait for them. */
  jobIds(): string[] {
    return this.#attempts.map(({ jobId }) => jobId);
  }
}

function countedAs({
  started,
  outcome,
  confirmed,
}: Pick<ActiveAttempt, 'started' | 'outcome' | 'confirmed'>): keyof Tally {
  if (!confirmed || outcome === undefined) return 'unrecorded';
  switch (outcome) {
    case 'completed':
      return 'completed';
    case 'snoozed':
      return 'snoozed';
    case 'interrupted':
      return started ? 'handedBack' : 'notStarted';
    default:
      return 'failed';
  }
}
