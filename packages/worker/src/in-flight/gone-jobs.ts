import type { Logger } from '@bullpen/shared';
import type { ActiveAttempt } from './active-attempt.js';

/** How long jobs are collected, so that the log tells of them together. */
const COLLECT_MS = 500;
/** The most ids that the log names. */
const MAX_IDS = 10;

/**
 * Tells the log of jobs that Redis does not have any more when they are attempted. One event, such
 * as a FLUSHALL, takes all of them: the log has one line for each queue, with their number.
 */
export class GoneJobs {
  readonly #log: Logger;
  readonly #byQueue = new Map<string, string[]>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @returns whether it is the first of its queue: others may be gone with it */
  add({ queue, jobId }: Pick<ActiveAttempt, 'queue' | 'jobId'>): boolean {
    this.#timer ??= setTimeout(() => this.report(), COLLECT_MS);
    const others = this.#byQueue.get(queue);
    others?.push(jobId);
    if (others === undefined) this.#byQueue.set(queue, [jobId]);
    return others === undefined;
  }

  /** Writes what was collected. Call it also at the end. */
  report(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [queue, ids] of this.#byQueue) {
      this.#log.error(
        { queue, jobs: ids.length, jobIds: ids.slice(0, MAX_IDS) },
        'jobs that were being attempted, or about to be, are gone from Redis: somebody removed them, another worker settled them (rows of batches), or Redis lost its data (FLUSHALL, a failover, a restart); nobody else attempts them, and their ends cannot be recorded',
      );
    }
    this.#byQueue.clear();
  }
}
