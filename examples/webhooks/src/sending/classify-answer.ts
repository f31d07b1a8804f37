import { parseRetryAfter } from './retry-after.js';

/** The meaning of a receiver's answer for the job. */
export type Answer =
  /** The receiver has the event. */
  | { readonly kind: 'delivered' }
  /** The receiver will never accept this event, so trying again is pointless. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The receiver asked to wait, and said how long. */
  | { readonly kind: 'later'; readonly waitMs: number }
  /** The receiver could not accept the event now. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/**
 * The 4xx statuses that may be different next time: "request timeout", "too early", "too many
 * requests".
 */
const PASSING = new Set([408, 425, 429]);
/** The statuses whose `Retry-After` is about load. */
const ASKS_FOR_TIME = new Set([429, 503]);

/** Reads a receiver's answer: its status and its `Retry-After` header. */
export function classifyAnswer(status: number, retryAfter: string | null, now: number): Answer {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (ASKS_FOR_TIME.has(status)) {
    const waitMs = parseRetryAfter(retryAfter, now);
    if (waitMs !== undefined) return { kind: 'later', waitMs };
  }
  const reason = `the receiver answered ${status}`;
  if (status >= 400 && status < 500 && !PASSING.has(status)) return { kind: 'refused', reason };
  // Also for a redirect: following it would send a signed event to a host that nobody configured.
  return { kind: 'unavailable', reason };
}
