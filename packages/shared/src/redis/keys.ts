/**
 * Names of keys that both sides must agree on. BullMQ's own keys have the same shape:
 * `{prefix}:{queue}:{name}`.
 */

/** The first part of every key, unless options say otherwise. */
export const DEFAULT_PREFIX = 'bullpen';

/**
 * Says what is wrong with a prefix, or returns `undefined`. Braces are for Redis Cluster: `{shop}`
 * keeps a queue's keys on one node.
 */
export function prefixFault(prefix: unknown): string | undefined {
  if (typeof prefix === 'string' && /^[A-Za-z0-9{}._-]{1,100}$/.test(prefix)) return undefined;
  return "expected 1 to 100 letters, digits, '.', '_', '-', '{' or '}'";
}

/** The keys in which BullMQ keeps a queue. */
export interface QueueKeys {
  /** What all keys of the queue begin with, those of its jobs too: `base + id`. */
  readonly base: string;
  /** A list: jobs without a priority that wait. The next one is at its end. */
  readonly wait: string;
  /** A list: jobs that workers have fetched. */
  readonly active: string;
  /** A sorted set: jobs with a priority that wait. */
  readonly prioritized: string;
  /** A sorted set: jobs that wait for an instant. */
  readonly delayed: string;
  readonly completed: string;
  readonly failed: string;
  /** A sorted set: jobs that wait for the jobs of their flow below them. */
  readonly waitingChildren: string;
  /** A set: active jobs that the next stall check gives back, unless their lock is renewed. */
  readonly stalled: string;
  /** A hash: settings of the queue. */
  readonly meta: string;
  /** A stream: what happened to jobs. */
  readonly events: string;
  /** A sorted set that idle workers block on. */
  readonly marker: string;
  /** A counter: how many jobs were added. */
  readonly id: string;
  /** A counter: keeps jobs of one priority in the order in which they came. */
  readonly pc: string;
}

/** The keys in which BullMQ keeps a queue. */
export function queueKeys(prefix: string, queue: string): QueueKeys {
  const base = `${prefix}:${queue}:`;
  return {
    base,
    wait: `${base}wait`,
    active: `${base}active`,
    prioritized: `${base}prioritized`,
    delayed: `${base}delayed`,
    completed: `${base}completed`,
    failed: `${base}failed`,
    waitingChildren: `${base}waiting-children`,
    stalled: `${base}stalled`,
    meta: `${base}meta`,
    events: `${base}events`,
    marker: `${base}marker`,
    id: `${base}id`,
    pc: `${base}pc`,
  };
}

/** What Bullpen keeps in a queue's `meta`, beside BullMQ's own settings. */
export const META = {
  /** Whether the queue has jobs with priorities (`1`) or without (`0`). */
  priorities: 'bullpen.priorities',
  /** How many jobs a cancellation took off the queue. */
  cancelled: 'bullpen.cancelled',
  /** How many rows of batches failed for good. */
  failedRows: 'bullpen.failedRows',
  /** How many failed jobs were removed because there were too many, or they were too old. */
  failedTrimmed: 'bullpen.failedTrimmed',
  /** How many completed and failed jobs the queue keeps, and for how long (ms). */
  keepCompleted: 'bullpen.keepCompleted',
  keepCompletedFor: 'bullpen.keepCompletedFor',
  keepFailed: 'bullpen.keepFailed',
  keepFailedFor: 'bullpen.keepFailedFor',
  /** What the queue tells on its event stream (`events.ts`). */
  events: 'bullpen.events',
} as const;

/** The lock of a job, which holds the token of its lease. `job` is the job's key. */
export const lockKey = (job: string): string => `${job}:lock`;

/** The keys of one batch's books. */
export interface BatchKeys {
  /**
   * A hash: job and source of the batch, how far its source was read, and how many of its rows have
   * which fate.
   */
  readonly books: string;
  /** A bit field with two bits per row, at `#row - 1`: the row's fate (`job/fate.ts`). */
  readonly fates: string;
  /**
   * A hash by row: for each failed row its reason, a line break and its {@link FailureRecord}.
   */
  readonly failures: string;
  /** A sorted set of reasons; the score says how many rows failed for that reason. */
  readonly reasons: string;
  /**
   * A hash by reason: a row that failed for it, a line break, and its error in whole. Scripts make
   * its name of that of the books.
   */
  readonly examples: string;
  /** A hash by row: the row's result, if the batch keeps results. */
  readonly results: string;
}

/**
 * Builds the keys of one batch. All begin with the prefix, so that a cluster keeps them on the
 * queue's node.
 */
export function batchKeys(prefix: string, queue: string, batch: string): BatchKeys {
  const books = `${prefix}:${queue}:batch:${batch}`;
  return {
    books,
    fates: `${books}:fates`,
    failures: `${books}:failures`,
    reasons: `${books}:reasons`,
    examples: `${books}:examples`,
    results: `${books}:results`,
  };
}

/**
 * A sorted set of the queue's batches. The score is an instant (ms); the books of a batch expire
 * soon after it, or later.
 */
export const batchesKey = (prefix: string, queue: string): string => `${prefix}:${queue}:batches`;

/**
 * A sorted set of the queue's cancelled batches, in the order in which they were cancelled: each has
 * a higher score than all before it. It expires with the index of batches. A cancelled job is marked
 * in its own fields (`CANCELLED_FAILURE`).
 */
export const cancelledBatchesKey = (prefix: string, queue: string): string => `${batchesKey(prefix, queue)}:cancelled`;

/**
 * The channel on which a cancellation is published. The message is the job's id, or what
 * {@link cancelledBatch} makes of a batch's name.
 */
export const cancelledChannel = (prefix: string, queue: string): string => `${prefix}:${queue}:cancelled`;

/** A batch's name among the ids of cancelled jobs. No job of ours has an id with a colon. */
export const cancelledBatch = (batch: string): string => `batch:${batch}`;

/**
 * Holds the id of the queue's exporter, the process that tells Prometheus how many jobs the queue
 * has. The key expires unless the exporter renews it.
 */
export const exporterKey = (prefix: string, queue: string): string => `${prefix}:${queue}:exporter`;

/** A sorted set of the suspects that were put off, with the scores that they have in `delayed`. */
export const suspectsKey = (prefix: string, queue: string): string => `${prefix}:${queue}:suspects`;

/**
 * A set of other queues, each by the base of its keys. Workers serve them together with this one, so
 * a process that dies may hold jobs of all of them.
 */
export const neighboursKey = (prefix: string, queue: string): string => `${prefix}:${queue}:neighbours`;
