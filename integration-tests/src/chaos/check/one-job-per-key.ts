import type { Facts } from '../facts.js';
import { groupBy } from './group-by.js';
import { convict, type Finding } from './violation.js';

/** A key has one job, and besides only jobs that have failed for good. */
export function oneJobPerKey({ intended, stored }: Facts): Finding {
  const placesOf = new Map(stored.map(({ id, places }) => [id, places]));
  const byKey = groupBy(intended, ({ queue, kind, key }) => `${queue} ${kind} ${key}`);
  return convict(
    'two jobs of one key',
    [...byKey.values()].flatMap((jobs) => {
      const ids = [...new Set(jobs.map(({ id }) => id))];
      const holding = ids.filter((id) => placesOf.has(id) && !placesOf.get(id)?.includes('failed'));
      return holding.length > 1 ? [`${holding.join(' and ')} have one key`] : [];
    }),
  );
}
