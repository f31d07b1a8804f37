import type { QueueAdapter } from './queue-adapter.js';
import type { Queue } from './queues.js';
import type { Asked } from './refusals.js';
import type { RetriedFrom, RetryJobs } from './retry-jobs.js';

/** What a change of many jobs did. */
export interface BulkChange {
  /** The answer that Bull Board's page expects. */
  readonly body: object;
  /** How many jobs it changed. */
  readonly count: number;
}

/** A queue, and Bull Board's view of it. */
export interface BoardQueue {
  readonly queue: Queue;
  readonly adapter: QueueAdapter;
}

/** Bull Board leaves jobs alone that have ended within so many milliseconds. */
const GRACE_MS = 5_000;

/**
 * Makes a change of many jobs, as Bull Board would make it, and counts the jobs. `undefined` when
 * the request is another one, or there is no such queue: Bull Board answers these.
 */
export async function changeMany(
  { method, route = '', params }: Asked,
  { queue, adapter }: BoardQueue,
  retryJobs: Pick<RetryJobs, 'retryAll'>,
): Promise<BulkChange | undefined> {
  const { queueStatus = '' } = params;
  if (method !== 'PUT') return undefined;
  // Bull Board would stop at the first job that cannot be retried.
  if (route.endsWith('/:queueName/retry/:queueStatus') && isRetriable(queueStatus)) {
    const body = await retryJobs.retryAll(queue.name, queueStatus);
    return { body, count: body.retried };
  }
  if (route.endsWith('/:queueName/clean/:queueStatus') && isCleanable(queueStatus)) {
    return { body: {}, count: (await queue.clean(GRACE_MS, Number.MAX_SAFE_INTEGER, queueStatus)).length };
  }
  if (route.endsWith('/:queueName/promote')) {
    return { body: {}, count: (await retryJobs.retryAll(queue.name, 'delayed')).retried };
  }
  if (route.endsWith('/:queueName/empty')) {
    const count = await queue.getJobCountByTypes('wait', 'prioritized');
    await adapter.empty();
    return { body: {}, count };
  }
  return undefined;
}

const isRetriable = (state: string): state is RetriedFrom => state === 'failed' || state === 'completed';

type Cleanable = NonNullable<Parameters<Queue['clean']>[2]>;
const CLEANABLE: ReadonlySet<string> = new Set([
  'completed',
  'wait',
  'waiting',
  'active',
  'delayed',
  'failed',
  'prioritized',
  'paused',
]);
const isCleanable = (state: string): state is Cleanable => CLEANABLE.has(state);
