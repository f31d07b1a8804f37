import type { Ending } from '../in-flight/active-attempt.js';
import type { QueueStore, RecordOptions } from '../in-flight/queue-store.js';

/**
 * Tells the store how an attempt ended. This is the only place that turns an outcome into a
 * command.
 * @returns the next job, if one was asked for and the command fetches one
 */
export function recordEnding<Job, Next>(
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
      return (ending.isPutOff ? store.putOff(job) : store.handBack(job)).then(() => undefined);
  }
}

/** Whether the command for an ending also fetches the next job. */
export function fetchesNext({ outcome: { kind } }: Ending): boolean {
  return kind !== 'snoozed' && kind !== 'interrupted';
}
