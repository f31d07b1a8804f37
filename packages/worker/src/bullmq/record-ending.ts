import type { Ending } from '../in-flight/active-attempt.js';
import type { QueueStore } from '../in-flight/queue-store.js';

/**
 * Tells the store how an attempt ended. This is the only place that turns an outcome into a
 * command.
 */
export function recordEnding<Job>(store: QueueStore<Job>, job: Job, ending: Ending): Promise<void> {
  const { outcome } = ending;
  switch (outcome.kind) {
    case 'completed':
      return store.complete(job, outcome.result);

    case 'failed':
    case 'rejected':
    case 'expired':
    case 'crashed':
    case 'cancelled':
      return store.fail(job, { ...ending, outcome });

    case 'snoozed':
      return store.snooze(job, outcome.due);

    case 'interrupted':
      return ending.isPutOff ? store.putOff(job) : store.handBack(job);
  }
}
