import type { Events } from '@bullpen/shared';
import { EVENT_STEPS, META, type Redis } from '@bullpen/shared/internal';

/** Has a queue tell these events. A stock client keeps the field, and tells all. */
export const tellEvents = (redis: Redis, base: string, events: Events): Promise<number> =>
  redis.hset(`${base}:meta`, META.events, events);

/**
 * What a stock client leaves on Redis, without the events that a queue of ours does not tell. A
 * stream on which nothing is told is not there.
 * @param key the key of the event stream in the snapshot
 */
export function withEvents<T extends Record<string, unknown>>(found: T, events: Events, key = 'events'): T {
  const { [key]: stream, ...others } = found;
  const told = (stream as (string | string[])[] | undefined)?.filter((event) => isTold(nameOf(event), events)) ?? [];
  return (told.length === 0 ? others : { ...others, [key]: told }) as T;
}

const nameOf = (event: string | string[]): string => (typeof event === 'string' ? event.split(' ') : event)[1] ?? '';
const isTold = (name: string, events: Events): boolean =>
  events === 'all' || (events === 'ends' && !EVENT_STEPS.split(' ').includes(name));
