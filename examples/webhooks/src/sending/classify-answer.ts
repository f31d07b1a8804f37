import { parseRetryAfter } from './retry-after.js';

/** What a receiver's answer means for the job. */
export type Answer =
  /** It has the event. */
  | { readonly kind: 'delivered' }
  /** It will never take this event: asking again is noise. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It asked for some time and said how much. */
  | { readonly kind: 'later'; readonly untilAt: number }
  /** It could not take it now. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/**
 * Those of the 4xx that speak of the moment, not of the request: a time-out, "too early", "too
 * many".
 */
const PASSING = new Set([408, 425, 429]);
/** The answers whose `Retry-After` is about load. */
const ASKS_FOR_TIME = new Set([429, 503]);

/** Reads a receiver's answer: its status and its `Retry-After` header. */
export function classifyAnswer(status: number, retryAfter: string | null, now: number): Answer {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (ASKS_FOR_TIME.has(status)) {
    const untilAt = parseRetryAfter(retryAfter, now);
    if (untilAt !== undefined) return { kind: 'later', untilAt };
  }
  const reason = `the receiver answered ${status}`;
  if (status >= 400 && status < 500 && !PASSING.has(status)) return { kind: 'refused', reason };
  // A redirect lands here too: following it would carry a signed event to a host nobody configured.
  return { kind: 'unavailable', reason };
}
