import type { Thrown } from '@bullpen/shared/internal';

/**
 * How an attempt ended. Every ending is one of these; nothing a handler does makes a ninth.
 * ARCHITECTURE.md has the table of what each means for the job.
 */
export type Outcome =
  | { readonly kind: 'completed'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: Thrown }
  | { readonly kind: 'rejected'; readonly error: Thrown }
  | { readonly kind: 'expired'; readonly error: Thrown }
  | { readonly kind: 'crashed'; readonly error: Thrown }
  | { readonly kind: 'cancelled'; readonly error: Thrown }
  | { readonly kind: 'snoozed'; readonly untilAt: number; readonly error: Thrown }
  | { readonly kind: 'interrupted'; readonly reason: 'draining' | 'lease lost' };

/** The word for an outcome. */
export type OutcomeKind = Outcome['kind'];

/**
 * The longest a result or a progress may be, as JSON. Redis takes no value above 512 MB, and drops
 * the connection of who sends one, over and over; well before that it is in everybody's way.
 */
export const MAX_JSON_LENGTH = 16 * 1_048_576;
