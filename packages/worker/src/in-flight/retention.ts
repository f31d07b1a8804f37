import type { Logger } from '@bullpen/shared';
import { writeDuration } from '@bullpen/shared/internal';
import type { QueueSettings } from './queue-settings.js';

/** How often a queue is reported that removes failed jobs. */
const REPORT_EVERY_MS = 10 * 60_000;

/** How long the queues keep their finished jobs, and what they have removed. */
export class Retention {
  readonly #settings: Pick<QueueSettings, 'of'>;
  readonly #log: Logger;
  /** By queue: failed jobs that were removed and are not reported yet, and the last report. */
  readonly #removed = new Map<string, { count: number; reportedAt: number }>();

  constructor(settings: Pick<QueueSettings, 'of'>, log: Logger) {
    this.#settings = settings;
    this.#log = log;
  }

  /** What to keep, in BullMQ's words: `age` is in seconds. */
  keep(queue: string, target: 'completed' | 'failed'): { readonly count: number; readonly age: number } {
    const { keepCompleted, keepCompletedFor, keepFailed, keepFailedFor } = this.#settings.of(queue);
    const [count, ms] = target === 'completed' ? [keepCompleted, keepCompletedFor] : [keepFailed, keepFailedFor];
    return { count, age: Math.ceil(ms / 1000) };
  }

  /** Redis removed failed jobs of the queue because there were too many, or they were too old. */
  failedRemoved(queue: string, count: number): void {
    const removed = this.#removed.get(queue) ?? { count: 0, reportedAt: Number.NEGATIVE_INFINITY };
    this.#removed.set(queue, removed);
    removed.count += count;
    if (performance.now() - removed.reportedAt < REPORT_EVERY_MS) return;
    const { keepFailed, keepFailedFor } = this.#settings.of(queue);
    this.#log.warn(
      { queue, removed: removed.count, keepFailed, keepFailedFor: writeDuration(keepFailedFor) },
      'failed jobs were removed, because the queue keeps no more of them; find out why jobs fail, or raise keepFailed',
    );
    removed.count = 0;
    removed.reportedAt = performance.now();
  }
}
