import type { BullpenError } from '@bullpen/shared';
import type { AttemptStop } from './attempt-stop.js';
import type { OutcomeKind } from './outcome.js';

/** How the attempts that ended, ended. The numbers of the summary line. */
export interface Tally {
  completed: number;
  /** Failed attempts, and jobs that were rejected, expired or cancelled. */
  failed: number;
  snoozed: number;
  /** Started, not finished in time, and given back to the front of their queue. */
  handedBack: number;
  /** Brought by a fetch that was under way when the drain began, and given back before they started. */
  notStarted: number;
  /** Ended here, but Redis never confirmed it: the lease was lost, or Redis was. Another worker will attempt them. */
  unrecorded: number;
}

/** One attempt under way. */
export interface ActiveAttempt {
  readonly queue: string;
  readonly jobId: string;
  readonly stop: AttemptStop;
  /** How it ended, once it has; it stays here until Redis has confirmed it. */
  outcome: OutcomeKind | undefined;
  /** Whether Redis has confirmed the outcome. */
  confirmed: boolean;
}

/** What the attempts of one worker process are doing, and the gate that lets them start. */
export class ActiveAttempts {
  /** By queue, then by job id. */
  readonly #queues = new Map<string, Map<string, ActiveAttempt>>();
  #size = 0;
  readonly #idle: (() => void)[] = [];
  readonly tally: Tally = { completed: 0, failed: 0, snoozed: 0, handedBack: 0, notStarted: 0, unrecorded: 0 };
  #draining = false;

  /** Once true, no handler may start. */
  get draining(): boolean {
    return this.#draining;
  }

  get size(): number {
    return this.#size;
  }

  /** Closes the gate. */
  startDraining(): void {
    this.#draining = true;
  }

  begin(queue: string, jobId: string, stop: AttemptStop): ActiveAttempt {
    const attempt: ActiveAttempt = { queue, jobId, stop, outcome: undefined, confirmed: false };
    const attempts = this.#queues.get(queue) ?? new Map<string, ActiveAttempt>();
    if (attempts.size === 0) this.#queues.set(queue, attempts);
    if (!attempts.has(jobId)) this.#size += 1;
    attempts.set(jobId, attempt);
    return attempt;
  }

  find(queue: string, jobId: string): ActiveAttempt | undefined {
    return this.#queues.get(queue)?.get(jobId);
  }

  /** Ends an attempt's time here and counts it. */
  finish(attempt: ActiveAttempt): void {
    const attempts = this.#queues.get(attempt.queue);
    // The same job may have come back to this very process meanwhile; its new attempt is not ours to remove.
    if (attempts?.get(attempt.jobId) === attempt) {
      attempts.delete(attempt.jobId);
      this.#size -= 1;
    }
    this.tally[countedAs(attempt)] += 1;
    if (this.#size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Counts a job that the gate gave back. */
  countNotStarted(): void {
    this.tally.notStarted += 1;
  }

  abortAll(reason: () => BullpenError): void {
    for (const { stop } of this.#all()) stop.abort(reason());
  }

  abandonAll(reason: () => BullpenError): void {
    for (const { stop } of this.#all()) stop.abandon(reason());
  }

  /** Resolves when no attempt is under way. */
  idle(): Promise<void> {
    return this.#size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** The ids of the jobs under way, for the last line of a process that could not wait for them. */
  jobIds(): string[] {
    return this.#all().map(({ jobId }) => jobId);
  }

  #all(): ActiveAttempt[] {
    return [...this.#queues.values()].flatMap((attempts) => [...attempts.values()]);
  }
}

function countedAs({ outcome, confirmed }: ActiveAttempt): keyof Tally {
  if (!confirmed || outcome === undefined) return 'unrecorded';
  switch (outcome) {
    case 'completed':
      return 'completed';
    case 'snoozed':
      return 'snoozed';
    case 'interrupted':
      return 'handedBack';
    default:
      return 'failed';
  }
}
