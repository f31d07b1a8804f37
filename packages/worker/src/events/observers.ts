import { type Logger, OptionsInvalid } from '@bullpen/shared';
import { showValue } from '@bullpen/shared/internal';
import type { RunInContext } from '../attempt/async-context.js';
import type { OutcomeKind } from '../attempt/outcome.js';

/** What a worker tells its observers. The `kind` says which event it is. */
export type WorkerEvent = AttemptEnded | JobEvent | JobRescued | OutageBegan;

/** Redis stopped answering, or refuses our commands. */
export interface OutageBegan {
  /** Which event it is. */
  readonly kind: 'outage-began';
}

/** An attempt at a job, or at a row of a shared job, has ended. Redis has not recorded it yet. */
export interface AttemptEnded {
  /** Which event it is. */
  readonly kind: 'attempt-ended';
  /** The queue of the job. */
  readonly queue: string;
  /** The name that the job was enqueued with. There may be no handler for it. */
  readonly job: string;
  /** The id of the job. */
  readonly jobId: string;
  /** Which attempt it was, counted from 1. */
  readonly attempt: number;
  /** How many attempts may fail. A `failed` attempt with a lower number is retried. */
  readonly maxAttempts: number;
  /** How the attempt ended. */
  readonly outcome: OutcomeKind;
  /** Why, in plain text. `undefined` when it was `completed` or `interrupted`. */
  readonly error:
    | {
        /** The name of its class, such as `DeadlineExceeded`. */
        readonly name: string;
        /** Its message. */
        readonly message: string;
        /** Where it was made. */
        readonly stack: string | undefined;
        /** Its `code`, when that is text. */
        readonly code: string | undefined;
      }
    | undefined;
  /** How long the attempt took, in milliseconds. */
  readonly durationMs: number;
  /**
   * How many milliseconds the job waited from when it could have started until this attempt began.
   * Only for the first attempt. By Redis' clock, and never negative: another client may have stored
   * its own time.
   */
  readonly queueWaitMs: number | undefined;
}

/**
 * Something happened to a job of this worker:
 * - `handed-back`: the job is back in its queue, as Redis has confirmed
 * - `lease-lapsed`: nobody renewed its lease in time; its attempt was aborted
 * - `lease-lost`: Redis said that the job is not ours any more; its attempt was abandoned
 * - `job-gone`: Redis does not have the job any more; its attempt was abandoned
 */
export interface JobEvent {
  /** Which event it is. */
  readonly kind: 'handed-back' | 'lease-lapsed' | 'lease-lost' | 'job-gone';
  /** The queue of the job. */
  readonly queue: string;
  /** The name that the job was enqueued with. */
  readonly job: string;
  /** The id of the job. */
  readonly jobId: string;
}

/**
 * A job was found without a lease and is back in its queue: its process died, or stood still for
 * longer than its lease. Told by the worker that found it.
 */
export interface JobRescued {
  /** Which event it is. */
  readonly kind: 'job-rescued';
  /** The queue of the job. */
  readonly queue: string;
  /** The id of the job. */
  readonly jobId: string;
  /** The name of the worker that had it; empty when it has none. */
  readonly worker: string;
  /**
   * What was found:
   * - `charged`: a crash is counted for this job
   * - `suspected`: any of several jobs may have killed the process; this one is attempted again as a
   *   suspect, and no crash is counted
   * - `repeated`: another job killed the process, or Redis denied a command in the middle of the
   *   fetch; this one is attempted again
   */
  readonly finding: 'charged' | 'suspected' | 'repeated';
}

/**
 * A function that a worker calls for each event, in the turn in which it happens. Must be quick.
 * @example
 * const observer: WorkerObserver = (event) => {
 *   if (event.kind !== 'attempt-ended' || event.outcome !== 'failed') return;
 *   console.error(event.jobId, event.error);
 * };
 */
export type WorkerObserver = (event: WorkerEvent) => void;

/** The observers of a worker. */
export class Observers {
  readonly #log: Logger;
  readonly #inContext: RunInContext;
  readonly #observers = new Set<WorkerObserver>();
  #hasFailed = false;

  constructor(log: Logger, inContext: RunInContext) {
    this.#log = log;
    this.#inContext = inContext;
  }

  /** Whether there is an observer. If not, nobody needs to make an event. */
  get any(): boolean {
    return this.#observers.size > 0;
  }

  /**
   * @returns a function that removes the observer
   * @throws OptionsInvalid when it is no function: an event's name comes first elsewhere
   */
  add(observer: WorkerObserver): () => void {
    if (typeof observer !== 'function') {
      const reason = `expected a function that gets each event, got ${showValue(observer)}`;
      throw new OptionsInvalid('cannot observe the worker', [{ path: 'observer', reason }]);
    }
    // A function of its own, so that an observer that is added twice is called twice.
    const added: WorkerObserver = (event) => observer(event);
    this.#observers.add(added);
    return () => void this.#observers.delete(added);
  }

  /** Calls every observer. The first error that one throws is logged; none reaches the worker. */
  tell(event: WorkerEvent): void {
    for (const observer of this.#observers) {
      try {
        this.#inContext(() => observer(event));
      } catch (error) {
        if (!this.#hasFailed) this.#log.error({ err: error, event: event.kind }, 'observer of the worker threw');
        this.#hasFailed = true;
      }
    }
  }
}
