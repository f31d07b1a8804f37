import type { Due } from '@bullpen/shared';
import type { Thrown } from '@bullpen/shared/internal';

/**
 * How an attempt ended. There are these eight ways and no other, whatever a handler does.
 * ARCHITECTURE.md has a table of what each means for the job.
 */
export type Outcome =
  | { readonly kind: 'completed'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: Thrown }
  | { readonly kind: 'rejected'; readonly error: Thrown }
  | { readonly kind: 'expired'; readonly error: Thrown }
  | { readonly kind: 'crashed'; readonly error: Thrown }
  | { readonly kind: 'cancelled'; readonly error: Thrown }
  | { readonly kind: 'snoozed'; readonly due: Due; readonly error: Thrown }
  | { readonly kind: 'interrupted'; readonly reason: 'draining' | 'lease lost' | 'job gone' | 'put off' };

/**
 * The name of an outcome:
 * - `completed`: the handler returned
 * - `failed`: the handler threw, its result does not fit, or its deadline passed
 * - `rejected`: the job can never succeed
 * - `expired`: its expiry passed before the handler started
 * - `crashed`: too many processes died under it
 * - `cancelled`: somebody cancelled it
 * - `snoozed`: the handler asked to be called again later
 * - `interrupted`: the worker drains, lost its lease, or puts the job off for a suspect
 */
export type OutcomeKind =
  | 'completed'
  | 'failed'
  | 'rejected'
  | 'expired'
  | 'crashed'
  | 'cancelled'
  | 'snoozed'
  | 'interrupted';

/**
 * The longest result or progress, in characters of JSON. Redis takes no value above 512 MB: it
 * closes the connection of a client that sends one, each time. Much shorter values are already a
 * burden for everybody.
 */
export const MAX_JSON_LENGTH = 16 * 1_048_576;
