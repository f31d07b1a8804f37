import type { Ending } from '../in-flight/active-attempt.js';
import type { QueueStore, RecordOptions } from '../in-flight/queue-store.js';

/**
 * The one place that turns an ending into a verb of the store.
 * @returns the next job, if one was asked for and the verb fetches one
 */
export function tell<Job, Next>(
  store: Omit<QueueStore<Job, Next>, 'fetch'>,
  job: Job,
  ending: Ending,
  options: RecordOptions,
): Promise<Next | undefined> {
  const { outcome } = ending;
  switch (outcome.kind) {
    case 'completed':
      return store.complete(job, outcome.result, options);

    case 'failed':
    case 'rejected':
    case 'expired':
    case 'crashed':
    case 'cancelled':
      return store.fail(job, { ...ending, outcome }, options.fetchNext);

    case 'snoozed':
      return store.snooze(job, outcome.untilAt).then(() => undefined);

    case 'interrupted':
      return store.handBack(job).then(() => undefined);
  }
}

/** Whether the verb for an ending fetches a next job; a job that moves elsewhere takes no other with it. */
export function fetchesNext({ outcome: { kind } }: Ending): boolean {
  return kind !== 'snoozed' && kind !== 'interrupted';
}
