import { queueKeys } from '../redis/keys.js';
import { countQueue, type QueueCounts } from '../redis/queue-counts.js';
import type { Redis } from '../redis/redis.js';
import { fetchTime } from '../redis/redis-clock.js';

/** How many jobs a queue holds, and how long its next job has waited. */
export interface QueueDepth extends QueueCounts {
  /**
   * How long the next job could have been started already, in milliseconds: since it was enqueued,
   * became due, or was last fetched, whichever was last. 0 when no job waits; `undefined` when a
   * worker took the job while we looked.
   */
  readonly oldestWaitingMs: number | undefined;
}

/** Reads the depth of one queue, in two round trips. */
export async function readQueueDepth(redis: Redis, prefix: string, queue: string): Promise<QueueDepth> {
  const { base, wait, prioritized } = queueKeys(prefix, queue);
  const [counts, next, [nextPrioritized]] = await Promise.all([
    countQueue(redis, prefix, queue),
    // BullMQ fetches from the end of the list, and jobs with a priority when the list is empty.
    redis.lindex(wait, -1),
    redis.zrange(prioritized, '0', '0'),
  ]);
  const id = next ?? nextPrioritized;
  if (id === undefined)
    return { ...counts, oldestWaitingMs: counts.waiting + counts.prioritized === 0 ? 0 : undefined };
  const [[timestamp, processedOn, opts], now] = await Promise.all([
    redis.hmget(base + id, 'timestamp', 'processedOn', 'opts'),
    fetchTime(redis),
  ]);
  if (!timestamp) return { ...counts, oldestWaitingMs: undefined };
  const since = Math.max(Number(timestamp) + delayOf(opts), Number(processedOn ?? 0));
  // Another client may have stored its own time, so the difference may be negative.
  return { ...counts, oldestWaitingMs: Math.max(0, now - since) || 0 };
}

/** The delay the job was enqueued with. Its own field `delay` is 0 once the job waits. */
function delayOf(opts: string | null | undefined): number {
  try {
    const delay = (JSON.parse(opts ?? '{}') as { readonly delay?: unknown } | null)?.delay;
    return typeof delay === 'number' ? delay : 0;
  } catch {
    // Some other client stored it.
    return 0;
  }
}

/** One number of a queue, with its Prometheus labels. */
interface DepthSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric that the exporter of a queue fills. A name that ends with `_total` is a counter. */
export interface DepthMetric {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  samplesOf(depth: QueueDepth): readonly DepthSample[];
}

/** The states of jobs, as counts and as labels name them. */
const STATES = {
  ...{ waiting: 'waiting', prioritized: 'prioritized', delayed: 'delayed', active: 'active' },
  ...{ waitingChildren: 'waiting-children', completed: 'completed', failed: 'failed' },
} as const;

/** The metrics of every exporter. Workers and dashboards use the same names. */
export const DEPTH_METRICS: readonly DepthMetric[] = [
  {
    name: 'bullpen_queue_jobs',
    help: 'Jobs in a queue, by state. Only the exporter of the queue reports this.',
    labelNames: ['queue', 'state'],
    samplesOf: (depth) =>
      (Object.keys(STATES) as (keyof typeof STATES)[]).map((count) => {
        return { labels: { queue: depth.queue, state: STATES[count] }, value: depth[count] };
      }),
  },
  {
    name: 'bullpen_queue_paused',
    help: 'Whether a queue is paused (1) or not (0). Only the exporter of the queue reports this.',
    labelNames: ['queue'],
    samplesOf: ({ queue, paused }) => [{ labels: { queue }, value: paused ? 1 : 0 }],
  },
  {
    name: 'bullpen_queue_oldest_waiting_seconds',
    help: 'How long the next job of a queue has waited; 0 when no job waits. Only the exporter of the queue reports this.',
    labelNames: ['queue'],
    samplesOf: ({ queue, oldestWaitingMs: ms }) => (ms === undefined ? [] : [{ labels: { queue }, value: ms / 1000 }]),
  },
  {
    name: 'bullpen_queue_failed_rows_total',
    help: 'Rows of batches that failed for good. Only the exporter of the queue reports this.',
    labelNames: ['queue'],
    samplesOf: ({ queue, failedRows }) => [{ labels: { queue }, value: failedRows }],
  },
  {
    name: 'bullpen_queue_cancelled_total',
    help: 'Jobs that a cancellation took off a queue before they ran. Only the exporter of the queue reports this.',
    labelNames: ['queue'],
    samplesOf: ({ queue, cancelled }) => [{ labels: { queue }, value: cancelled }],
  },
  {
    name: 'bullpen_queue_failed_trimmed_total',
    help: 'Failed jobs that were removed as too many or too old. Only the exporter of the queue reports this.',
    labelNames: ['queue'],
    samplesOf: ({ queue, failedTrimmed }) => [{ labels: { queue }, value: failedTrimmed }],
  },
];
