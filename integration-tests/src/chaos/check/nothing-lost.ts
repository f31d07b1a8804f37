import { acceptedIds, type Facts } from '../facts.js';
import type { StoredJob } from '../snapshot.js';
import { convict, type Finding } from './violation.js';

const SETTLED = ['completed', 'failed'];

/** Every accepted job is settled, in one place and once, unless it was taken off the queue. */
export function nothingLost(facts: Facts): Finding {
  const byId = new Map(facts.stored.map((job) => [job.id, job]));
  const takenOff = new Set(facts.cancels.filter(({ answer }) => answer === 'cancelled').map(({ id }) => id));
  return convict(
    'lost',
    [...acceptedIds(facts)].flatMap((id) => {
      const job = byId.get(id);
      if (job === undefined && takenOff.has(id)) return [];
      if (job === undefined) return [`${id} was accepted and Redis knows nothing of it`];
      return whatIsWrong(job);
    }),
  );
}

function whatIsWrong({ id, places }: StoredJob): string[] {
  const [place] = places;
  if (place === undefined) return [`${id} was accepted and is in no list: nobody will ever attempt it`];
  if (places.length > 1) return [`${id} is in ${places.length} places at once: ${places.join(', ')}`];
  if (place === 'active') return [`${id} is active, and every worker has ended`];
  return SETTLED.includes(place) ? [] : [`${id} was accepted and is still ${place}`];
}
