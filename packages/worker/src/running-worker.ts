import { OptionsInvalid } from '@bullpen/shared';
import { type Exporter, showValue } from '@bullpen/shared/internal';
import type { WorkerObserver } from './events/observers.js';
import type { DrainSummary } from './in-flight/drain.js';
import type { Health } from './in-flight/health.js';
import type { EmptyOrNot } from './intake/until-empty.js';

/**
 * A worker that was started with `startWorker`.
 * @example
 * const stopObserving = worker.observe((event) => {
 *   if (event.kind === 'attempt-ended') log.info(event, 'an attempt has ended');
 * });
 * console.log(worker.active, worker.health().ready, worker.slots());
 * stopObserving();
 */
export interface RunningWorker {
  /**
   * Resolves when every queue is connected and jobs are fetched from it. Waits as long as Redis is
   * away. Rejects with `RedisUnavailable` when Redis answers and refuses us: wrong password, no
   * such database, no permission. Then nothing is attempted: call `drain` and end the process.
   */
  readonly ready: Promise<void>;
  /** The queues served, each with its jobs and concurrency. */
  readonly serves: readonly {
    /** The name of the queue. */
    readonly queue: string;
    /** The names of its jobs that have a handler. */
    readonly jobs: readonly string[];
    /** How many of its attempts run at once. */
    readonly concurrency: number;
  }[];
  /** How many attempts are in flight: those that run, and those whose end Redis has not yet. */
  readonly active: number;
  /**
   * Drains the worker: stops the intake, lets active attempts finish, aborts those that take longer
   * than `drainTimeout`, hands back what is left after `abortGrace`, and closes every connection.
   * Resolves within `drainTimeout + abortGrace + 1 s`, whatever handlers and Redis do, as long as
   * the event loop is not blocked. Never rejects. A second call returns the same promise.
   */
  drain(): Promise<DrainSummary>;
  /** The health of this worker at this moment. Asks nobody. */
  health(): Health;
  /**
   * The slots of each queue: how many it has (`concurrency`), how many are taken, and how many of
   * these by attempts that are stuck.
   */
  slots(): readonly Slots[];
  /**
   * Calls `observer` for each event of this worker: attempts that ended, jobs that were handed
   * back, leases that lapsed or were lost, outages that began. The first error that an observer
   * throws is logged. Without observers no event is made.
   * @returns a function that removes the observer
   * @throws OptionsInvalid when `observer` is no function
   */
  observe(observer: WorkerObserver): () => void;
  /** What code needs that runs a whole process, as the command `bullpen-worker` does. */
  readonly process: WorkerProcess;
}

/**
 * What code needs that runs a whole process for a worker: listens to signals and to uncaught
 * errors, and decides when the process ends. `bullpen-worker` does all of this. An app with a
 * worker inside needs none of it; its tests may use `untilEmpty`.
 * @example
 * process.on('uncaughtException', async (error) => {
 *   if (worker.process.faultOwner(error)?.isItsAbort === true) return;
 *   process.exitCode = 1;
 *   await worker.drain();
 * });
 */
export interface WorkerProcess {
  /** The ids of the jobs whose attempts are in flight. */
  activeJobIds(): readonly string[];
  /**
   * Ends the `drainTimeout` of the drain that runs, or of the next one: signals abort at once. For
   * a second Ctrl-C.
   */
  abortNow(): void;
  /**
   * For the listeners of your process for `uncaughtException` and `unhandledRejection`. Call it
   * inside them. It finds the attempt whose handler threw an error that nobody caught, in a timer
   * or in a promise that it did not await, and ends that attempt as failed. `bullpen-worker` then
   * drains and exits with code 1, and you should do the same.
   * @returns `undefined` when it cannot be found
   */
  faultOwner(error: unknown):
    | {
        /** The name of its job. */
        readonly job: string;
        /** The id of its job. */
        readonly jobId: string;
        /** The queue of its job. */
        readonly queue: string;
        /**
         * Whether the error is only the reason of the attempt's own abort: then nothing is wrong.
         */
        readonly isItsAbort: boolean;
      }
    | undefined;
  /**
   * Hands back all jobs of this worker, by a command that is sent at once. For the `exit` listener
   * of a process that other code ends during a drain. Do not call it in a process that ends because
   * of a fault of its jobs: such jobs must count as crashed, because that stops a job that ends its
   * process each time.
   */
  handBackAll(): void;
  /**
   * Resolves when the queues served hold no unsettled job: none that waits, is delayed or active, or
   * waits for its children in a flow. Also resolves when all that are left are on paused queues, and
   * when the worker drains. Logs what it waits for. Waits through an outage; rejects with what Redis
   * throws otherwise.
   */
  untilEmpty(): Promise<EmptyOrNot>;
}

/** A worker with what only this package uses of it. */
export interface StartedWorker extends RunningWorker {
  /**
   * Counts the jobs of the queues served. Several processes share this work, and each queue is
   * counted by one.
   */
  readonly exporter: Pick<Exporter, 'count' | 'holds'>;
}

/**
 * The worker with what only this package uses of it.
 * @throws OptionsInvalid when `startWorker` did not return it
 */
export function asStarted(worker: RunningWorker, subject = 'cannot measure the worker'): StartedWorker {
  if (typeof worker === 'object' && worker !== null && 'exporter' in worker) return worker as StartedWorker;
  const reason = `expected what startWorker returns, got ${showValue(worker)}`;
  throw new OptionsInvalid(subject, [{ path: 'worker', reason }]);
}

/** The slots of a queue. */
export interface Slots {
  /** The name of the queue. */
  readonly queue: string;
  /** How many slots it has. */
  readonly concurrency: number;
  /** How many are taken. */
  readonly active: number;
  /** How many of these by attempts that are past their deadline and still run. */
  readonly stuck: number;
}
