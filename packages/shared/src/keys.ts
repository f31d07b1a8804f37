/** Names on Redis that both sides must agree on. BullMQ's own keys have the same shape: `{prefix}:{queue}:{name}`. */

export const DEFAULT_PREFIX = 'bullpen';

/** What is wrong with a prefix, or `undefined`. Braces are for Redis Cluster: `{shop}` keeps a queue's keys on one node. */
export function prefixFault(prefix: unknown): string | undefined {
  if (typeof prefix === 'string' && /^[A-Za-z0-9{}._-]{1,100}$/.test(prefix)) return undefined;
  return "expected 1 to 100 letters, digits, '.', '_', '-', '{' or '}'";
}

/** How long the books of a batch and a cancellation are kept after they were last written. */
export const BOOKS_KEPT_S = 7 * 24 * 60 * 60;

/** A batch's books: a bit field with two bits per row, at `#row`. */
export const booksKey = (prefix: string, queue: string, batch: string): string => `${prefix}:${queue}:batch:${batch}`;

/** What the two bits of a row mean. Each settled row has exactly one bit set, so BITCOUNT counts settled rows. */
export const ROW = { open: 0, completed: 1, failed: 2 } as const;

/** Cancelled job ids, a sorted set by the instant (ms) at which the cancellation may be forgotten. */
export const cancelledKey = (prefix: string, queue: string): string => `${prefix}:${queue}:cancelled`;

/** Where a cancellation is published, with the job's id as the message. */
export const cancelledChannel = cancelledKey;
