import type { Fault } from '../job/errors/bullpen-error.js';
import { isOptions } from '../job/is-options.js';
import { showValue } from '../job/show-value.js';

/**
 * Which events a queue tells on its event stream, where `QueueEvents` of BullMQ hear them. Nothing
 * of Bullpen needs them: results, `wait`, the dashboard and metrics work with each.
 * - `'all'`: what BullMQ tells. It costs Redis time for each job.
 * - `'ends'`: how jobs end (`completed`, `failed`, `removed`), their `progress`, and what is out of
 *   the ordinary (`duplicated`, `stalled`, `retries-exhausted`). Not the steps that every job takes:
 *   `added`, `waiting`, `active`, `delayed`, `waiting-children` and `drained`. This is the default.
 * - `'none'`: nothing.
 */
export type Events = 'all' | 'ends' | 'none';

/**
 * Which events the queues of a process tell: one value for all its queues, or one for each.
 * @example
 * const events: EventsOption = { invoices: 'all', clicks: 'none' };
 */
export type EventsOption = Events | Readonly<Record<string, Events>>;

/** What a queue tells until somebody declares something else. */
export const DEFAULT_EVENTS: Events = 'ends';

/** The events that are steps of every job. Names are found in it as parts of the text. */
export const EVENT_STEPS = 'added waiting active delayed drained waiting-children';

/** What a wrong value should have been. */
const EXPECTED = "expected 'all', 'ends' or 'none'";

export const isEvents = (value: unknown): value is Events => value === 'all' || value === 'ends' || value === 'none';

/** The faults of an option `events`. */
export function eventsFaults(option: unknown): Fault[] {
  if (option === undefined || isEvents(option)) return [];
  if (!isOptions(option)) {
    const reason = `${EXPECTED}, or one of them for each queue such as { mails: 'all' }, got ${showValue(option)}`;
    return [{ path: 'events', reason }];
  }
  return Object.entries(option)
    .filter(([, value]) => value !== undefined && !isEvents(value))
    .map(([queue, value]) => ({ path: `events.${queue}`, reason: `${EXPECTED}, got ${showValue(value)}` }));
}

/** What a process has declared for a queue; `undefined` when it has declared nothing. */
export function declaredEvents(option: EventsOption | undefined, queue: string): Events | undefined {
  if (typeof option !== 'object') return option;
  return Object.hasOwn(option, queue) ? option[queue] : undefined;
}
