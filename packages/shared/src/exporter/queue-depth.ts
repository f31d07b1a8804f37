import { countQueue, type QueueCounts } from '../redis/queue-counts.js';
import type { Redis } from '../redis/redis.js';

/** How many jobs a queue holds, and how long the one that is next has waited. */
export interface QueueDepth extends QueueCounts {
  /**
   * Since when the job that is next could have started, in milliseconds: since it was enqueued, or
   * due, or fetched the last time, whatever was last. 0 when none waits; `undefined` when it was
   * taken while we looked.
   */
  readonly oldestWaitingMs: number | undefined;
}

/** Looks at one queue, in two trips. */
export async function readQueueDepth(redis: Redis, prefix: string, queue: string): Promise<QueueDepth> {
  const base = `${prefix}:${queue}`;
  const [counts, next, [nextPrioritized]] = await Promise.all([
    countQueue(redis, prefix, queue),
    // As BullMQ takes them: from the end of the list, and those with a priority when it is empty.
    redis.lindex(`${base}:wait`, -1),
    redis.zrange(`${base}:prioritized`, '0', '0'),
  ]);
  const id = next ?? nextPrioritized;
  if (id === undefined)
    return { ...counts, oldestWaitingMs: counts.waiting + counts.prioritized === 0 ? 0 : undefined };
  const [timestamp, processedOn, opts] = await redis.hmget(`${base}:${id}`, 'timestamp', 'processedOn', 'opts');
  if (!timestamp) return { ...counts, oldestWaitingMs: undefined };
  const since = Math.max(Number(timestamp) + delayOf(opts), Number(processedOn ?? 0));
  // The clocks are two: that of who enqueued it, and ours.
  return { ...counts, oldestWaitingMs: Math.max(0, Date.now() - since) || 0 };
}

/** The delay a job was enqueued with. Its field `delay` is 0 by the time it waits. */
function delayOf(opts: string | null | undefined): number {
  try {
    const delay = (JSON.parse(opts ?? '{}') as { readonly delay?: unknown } | null)?.delay;
    return typeof delay === 'number' ? delay : 0;
  } catch {
    // Stored by some other client.
    return 0;
  }
}

/** One number of a queue, as Prometheus is told it. */
export interface DepthSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A gauge that is told of a queue by its exporter. */
export interface DepthMetric {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  samplesOf(depth: QueueDepth): readonly DepthSample[];
}

const STATES = ['waiting', 'prioritized', 'delayed', 'active', 'completed', 'failed'] as const;

/** What exporters tell, whoever they are: workers and dashboards call it by the same names. */
export const DEPTH_METRICS: readonly DepthMetric[] = [
  {
    name: 'bullpen_queue_jobs',
    help: 'Jobs a queue holds, by state. Told by its exporter alone.',
    labelNames: ['queue', 'state'],
    samplesOf: (depth) => STATES.map((state) => ({ labels: { queue: depth.queue, state }, value: depth[state] })),
  },
  {
    name: 'bullpen_queue_paused',
    help: 'Whether a queue is paused (1) or not (0). Told by its exporter alone.',
    labelNames: ['queue'],
    samplesOf: ({ queue, paused }) => [{ labels: { queue }, value: paused ? 1 : 0 }],
  },
  {
    name: 'bullpen_queue_oldest_waiting_seconds',
    help: 'How long the job that is next in a queue has waited; 0 when none waits. Told by its exporter alone.',
    labelNames: ['queue'],
    samplesOf: ({ queue, oldestWaitingMs: ms }) => (ms === undefined ? [] : [{ labels: { queue }, value: ms / 1000 }]),
  },
];
