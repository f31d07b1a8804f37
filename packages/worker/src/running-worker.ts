import type { Exporter } from '@bullpen/shared/internal';
import type { WorkerObserver } from './events/observers.js';
import type { DrainSummary } from './in-flight/drain.js';
import type { Health } from './in-flight/health.js';

/** A worker that runs. */
export interface RunningWorker {
  /**
   * Resolves when every queue is connected and being fetched from; waits as long as Redis is away.
   * Rejects with `RedisUnavailable` when Redis is there and refuses us (wrong password, no such
   * database, no permission): nothing is attempted then; call `drain` and give up.
   */
  readonly ready: Promise<void>;
  /** The queues served, each with its jobs and concurrency. */
  readonly serves: readonly {
    readonly queue: string;
    readonly jobs: readonly string[];
    readonly concurrency: number;
  }[];
  /** Attempts under way now. */
  readonly active: number;
  /** The ids of their jobs. */
  activeJobIds(): readonly string[];
  /**
   * Stops the intake, lets active attempts finish, aborts what takes longer than `drainTimeout`,
   * hands back what is left after `abortGrace`, closes every connection. Resolves within
   * `drainTimeout + abortGrace + 1 s`, whatever handlers and Redis do, as long as the event loop
   * turns. A second call returns the same promise.
   */
  drain(): Promise<DrainSummary>;
  /** Ends the patience of a drain under way (or of the next one): signals abort now. */
  abortNow(): void;
  /** How this worker is, at this moment. */
  health(): Health;
  /**
   * The slots of each queue: how many it has (`concurrency`), how many are taken, and how many of
   * these by attempts that are stuck.
   */
  slots(): readonly Slots[];
  /**
   * Calls `observer` for all that a worker tells: each attempt that ended, jobs handed back, leases
   * that lapsed or were lost, outages. What it throws is logged, once. Nothing is made for
   * observers while there are none.
   * @returns a function that takes the observer away again
   */
  observe(observer: WorkerObserver): () => void;
  /**
   * Counts the jobs of the queues served, of those that no other process tells of. See `measure`.
   */
  readonly exporter: Pick<Exporter, 'count' | 'holds'>;
  /**
   * For your process's `uncaughtException` and `unhandledRejection` listeners, called in them:
   * finds the attempt whose handler threw an error that nobody caught, in a timer or in a promise
   * it did not await, and fails that attempt. `bullpen-worker` then drains and exits 1; so should
   * you.
   * @returns the job, if the error can be attributed to one, and whether the error is but the
   *   reason of that attempt's own abort: nothing is wrong then
   */
  faultOwner(
    error: unknown,
  ): { readonly job: string; readonly jobId: string; readonly queue: string; readonly isItsAbort: boolean } | undefined;
  /**
   * A last word to Redis, sent at once: give back all jobs of this worker. For a process that
   * somebody else ends in the middle of a drain, in its `exit` listener. A process that ends by a
   * fault of its jobs should not say it: what it leaves behind is counted as a crash, and that is
   * what ends a job that does it again and again.
   */
  handBackAll(): void;
  /**
   * Resolves when the queues served hold nothing that is still to be settled, delayed jobs
   * included.
   */
  untilEmpty(): Promise<void>;
}

/** The slots of a queue. */
export interface Slots {
  readonly queue: string;
  readonly concurrency: number;
  readonly active: number;
  readonly stuck: number;
}
