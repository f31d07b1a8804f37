import type { BullpenError } from '@bullpen/shared';
import type { OutcomeKind } from '../attempt/outcome.js';
import { ActiveAttempt } from './active-attempt.js';
import type { FetchedJob } from './fetched-job.js';
import type { Lease } from './lease.js';

/** How many attempts ended, and how. These are the numbers of the summary line. */
export interface AttemptCounts {
  /** Completed attempts. */
  completed: number;
  /** Failed attempts, and jobs that were rejected, expired, cancelled or crashed too often. */
  failed: number;
  /** Attempts whose handlers asked to be called again later. */
  snoozed: number;
  /** Started, not finished in time, and handed back to the front of their queue. */
  handedBack: number;
  /**
   * Brought by a fetch that was in flight when the drain began. Handed back before they started.
   */
  notStarted: number;
  /**
   * Handed back before they started, or between two rows, because of a job under which a process may
   * have died: it is attempted alone, or they are suspects as well and have to wait for each other.
   */
  putOff: number;
  /**
   * Ended here, but Redis did not confirm it: the lease was lost, or Redis was away. Another worker
   * will attempt the job.
   */
  unrecorded: number;
}

/** All attempts of one worker that are in flight, and whether a new one may start. */
export class ActiveAttempts {
  /**
   * In no order: the last one takes the place of one that is released, because there may be
   * thousands. This is an array because V8 replaces the table of a set or map after every few
   * changes, and the old table keeps the new one alive. After the first full garbage collection all
   * attempts would survive until the next one.
   */
  readonly #attempts: ActiveAttempt[] = [];
  readonly #idle: (() => void)[] = [];
  /** Called when an attempt begins and no other is in flight. */
  onFirst: () => void = () => undefined;
  readonly counts: AttemptCounts = {
    completed: 0,
    failed: 0,
    snoozed: 0,
    handedBack: 0,
    notStarted: 0,
    putOff: 0,
    unrecorded: 0,
  };
  /** The jobs counted as unrecorded during a drain. */
  readonly unrecordedJobIds: string[] = [];
  readonly #onHandedBack: (attempt: ActiveAttempt) => void;
  #draining = false;
  #begun = 0;

  /**
   * @param onHandedBack is called for each job that was handed back to the front of its queue, once
   *   Redis has confirmed it
   */
  constructor(onHandedBack: (attempt: ActiveAttempt) => void = () => undefined) {
    this.#onHandedBack = onHandedBack;
  }

  /** When true, no handler may start. */
  get draining(): boolean {
    return this.#draining;
  }

  get size(): number {
    return this.#attempts.length;
  }

  /** How many have a slot. The others were fetched ahead. */
  get begunCount(): number {
    return this.#attempts.filter(({ begun }) => begun).length;
  }

  /** From now on no handler may start. */
  startDraining(): void {
    this.#draining = true;
  }

  /** Begins an attempt. This happens as soon as its job is fetched. */
  begin(job: FetchedJob, lease: Lease): ActiveAttempt {
    this.#begun += 1;
    const attempt = new ActiveAttempt(job, lease, this.#begun);
    attempt.place = this.#attempts.push(attempt) - 1;
    if (attempt.place === 0) this.onFirst();
    return attempt;
  }

  /**
   * The newest attempt at a job that is in flight here. There can be an older one: a job that was
   * snoozed, or retried at once, may come back to this process before its last attempt is released.
   */
  find(queue: string, jobId: string): ActiveAttempt | undefined {
    const all = this.#attempts.filter((attempt) => attempt.jobId === jobId && attempt.queue === queue);
    return inOrder(all).at(-1);
  }

  /** Takes an attempt out and counts it. */
  release(attempt: ActiveAttempt): void {
    if (this.#attempts[attempt.place] === attempt) {
      const last = this.#attempts.pop() as ActiveAttempt;
      if (last !== attempt) this.#attempts[attempt.place] = last;
      last.place = attempt.place;
    }
    const counted = counterFor(attempt);
    if (!(attempt.isShared && counted === 'completed')) this.counts[counted] += 1;
    if (counted === 'handedBack' || counted === 'notStarted') this.#onHandedBack(attempt);
    if (counted === 'unrecorded' && this.#draining) this.unrecordedJobIds.push(attempt.jobId);
    if (this.#attempts.length === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Counts a row of a shared job. Redis has confirmed its end. */
  countRow(outcome: OutcomeKind): void {
    this.counts[counterFor({ started: true, outcome, confirmed: true, wasPutOff: false })] += 1;
  }

  [Symbol.iterator](): IterableIterator<ActiveAttempt> {
    return inOrder(this.#attempts).values();
  }

  abortAll(reason: () => BullpenError): void {
    for (const { stop } of this) stop.abort(reason());
  }

  abandonAll(reason: () => BullpenError): void {
    // The newest first: on Redis each job that comes back then goes in front of those before it.
    for (const { stop } of inOrder(this.#attempts).reverse()) stop.abandon(reason());
  }

  /** Resolves when no attempt is in flight. */
  idle(): Promise<void> {
    return this.#attempts.length === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** How many slots of a queue are taken, and how many of these by attempts that are stuck. */
  slotsOf(queue: string): { readonly active: number; readonly stuck: number } {
    const attempts = this.#attempts.filter((attempt) => attempt.queue === queue && attempt.begun);
    return { active: attempts.length, stuck: attempts.filter(({ stuck }) => stuck).length };
  }

  /** How many passed the gate. One that was cancelled, say, has ended without having started. */
  startedCount(): number {
    return this.#attempts.filter(({ started, outcome }) => started || (outcome ?? 'interrupted') !== 'interrupted')
      .length;
  }

  stuck(): ActiveAttempt[] {
    return inOrder(this.#attempts).filter(({ stuck }) => stuck);
  }

  /** The ids of all jobs in flight. A process that cannot wait for them logs them at its end. */
  jobIds(): string[] {
    return inOrder(this.#attempts).map(({ jobId }) => jobId);
  }
}

/** A copy, in the order in which they were fetched: attempts may end while somebody goes through it. */
const inOrder = (attempts: readonly ActiveAttempt[]): ActiveAttempt[] => [...attempts].sort((a, b) => a.nth - b.nth);

function counterFor({
  started,
  outcome,
  confirmed,
  wasPutOff,
}: Pick<ActiveAttempt, 'started' | 'outcome' | 'confirmed' | 'wasPutOff'>): keyof AttemptCounts {
  if (!confirmed || outcome === undefined) return 'unrecorded';
  switch (outcome) {
    case 'completed':
      return 'completed';
    case 'snoozed':
      return 'snoozed';
    case 'interrupted':
      if (wasPutOff) return 'putOff';
      return started ? 'handedBack' : 'notStarted';
    default:
      return 'failed';
  }
}
