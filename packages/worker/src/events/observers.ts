import type { Logger } from '@bullpen/shared';
import type { OutcomeKind } from '../attempt/outcome.js';

/** What a worker tells those who observe it. */
export type WorkerEvent = AttemptEnded | JobEvent | { readonly kind: 'outage-began' };

/**
 * An attempt ended: at a job, or at a row of one that several rows share. What Redis says to it
 * comes later.
 */
export interface AttemptEnded {
  readonly kind: 'attempt-ended';
  readonly queue: string;
  /** The name that the job came with; there may be no handler for it. */
  readonly job: string;
  readonly jobId: string;
  readonly outcome: OutcomeKind;
  readonly durationMs: number;
  /**
   * From the instant it could have started until this attempt began; only for the first attempt.
   * Never negative: the clocks are two.
   */
  readonly queueWaitMs: number | undefined;
}

/**
 * Something became of a job in our hands: it was `handed-back`, as Redis has confirmed; its lease
 * `lease-lapsed`, unrenewed, so that its attempt was aborted; or the lease proved to be another's,
 * `lease-lost`.
 */
export interface JobEvent {
  readonly kind: 'handed-back' | 'lease-lapsed' | 'lease-lost';
  readonly queue: string;
  readonly job: string;
  readonly jobId: string;
}

/** Hears what a worker tells, in the turn in which it happens; is to be quick. */
export type WorkerObserver = (event: WorkerEvent) => void;

/** Those who observe a worker. */
export class Observers {
  readonly #log: Logger;
  readonly #observers = new Set<WorkerObserver>();
  #hasFailed = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Whether anybody wants to know: if not, there is nothing to be made for them. */
  get any(): boolean {
    return this.#observers.size > 0;
  }

  /** @returns a function that takes the observer away again */
  add(observer: WorkerObserver): () => void {
    // Of its own, so that one that is added twice is two.
    const added: WorkerObserver = (event) => observer(event);
    this.#observers.add(added);
    return () => void this.#observers.delete(added);
  }

  /** What an observer throws is logged, once, and harms nobody. */
  tell(event: WorkerEvent): void {
    for (const observer of this.#observers) {
      try {
        observer(event);
      } catch (error) {
        if (!this.#hasFailed) this.#log.error({ err: error, event: event.kind }, 'observer of the worker threw');
        this.#hasFailed = true;
      }
    }
  }
}
