import type { PlannedCancel, PlannedChunk } from './planned.js';
import type { Random } from './random.js';

const SHARE = 0.15;

/** Cancels some of the ordinary jobs. */
export function planCancels(random: Random, chunks: readonly PlannedChunk[]): PlannedCancel[] {
  return chunks.flatMap(({ kind, jobs, delayMs }, chunk) => {
    if (kind !== 'work' && kind !== 'once') return [];
    // Those at the end of a chunk wait longest.
    return jobs.flatMap(({ key, blockMs }, at): PlannedCancel[] => {
      if (blockMs > 0 || !random.chance(delayMs > 0 || at > jobs.length / 2 ? 2 * SHARE : SHARE)) return [];
      const when = random.weighted({ accepted: 5, started: 3, ended: 1 });
      return [{ key, chunk, when, again: random.chance(0.5) }];
    });
  });
}
