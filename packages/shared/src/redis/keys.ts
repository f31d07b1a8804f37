/**
 * Names on Redis that both sides must agree on. BullMQ's own keys have the same shape:
 * `{prefix}:{queue}:{name}`.
 */

export const DEFAULT_PREFIX = 'bullpen';

/**
 * What is wrong with a prefix, or `undefined`. Braces are for Redis Cluster: `{shop}` keeps a
 * queue's keys on one node.
 */
export function prefixFault(prefix: unknown): string | undefined {
  if (typeof prefix === 'string' && /^[A-Za-z0-9{}._-]{1,100}$/.test(prefix)) return undefined;
  return "expected 1 to 100 letters, digits, '.', '_', '-', '{' or '}'";
}

/** How long a cancellation is kept when nobody settles its job. */
export const CANCELLATIONS_KEPT_S = 7 * 24 * 60 * 60;

/** The keys of one batch: what Redis knows of it. */
export interface BatchKeys {
  /**
   * A hash: what the batch is made of, how far its source was read, and how many of its rows have
   * which fate.
   */
  readonly books: string;
  /** A bit field with two bits per row, at `#row - 1`: its {@link FATE}. */
  readonly fates: string;
  /**
   * A hash by row: the {@link FailureRecord} of each failed row, behind its reason and a line
   * break.
   */
  readonly failures: string;
  /** A sorted set: why rows failed, by how many did. */
  readonly reasons: string;
  /** A hash by row: results, of batches that keep them. */
  readonly results: string;
}

/**
 * The keys of one batch. All begin with the queue's, so that a cluster keeps them where the queue
 * is.
 */
export function batchKeys(prefix: string, queue: string, batch: string): BatchKeys {
  const books = `${prefix}:${queue}:batch:${batch}`;
  return {
    books,
    fates: `${books}:fates`,
    failures: `${books}:failures`,
    reasons: `${books}:reasons`,
    results: `${books}:results`,
  };
}

/**
 * The batches of a queue, a sorted set by an instant (ms) soon after which their books expire at
 * the earliest.
 */
export const batchesKey = (prefix: string, queue: string): string => `${prefix}:${queue}:batches`;

/**
 * What the two bits of a row mean. Settled is settled: only a retry of failed rows opens one again.
 */
export const FATE = { open: 0, completed: 1, failed: 2, cancelled: 3 } as const;

/** How a batch is named among cancelled jobs: no job has an id with a colon. */
export const cancelledBatch = (batch: string): string => `batch:${batch}`;

/**
 * Cancelled job ids, a sorted set by the instant (ms) at which the cancellation may be forgotten.
 */
export const cancelledKey = (prefix: string, queue: string): string => `${prefix}:${queue}:cancelled`;

/** Where a cancellation is published, with the job's id as the message. */
export const cancelledChannel = cancelledKey;

/**
 * Who tells Prometheus how many jobs a queue holds: the id of its exporter, for as long as that
 * renews it.
 */
export const exporterKey = (prefix: string, queue: string): string => `${prefix}:${queue}:exporter`;
