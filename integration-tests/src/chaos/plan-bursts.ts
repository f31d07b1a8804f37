import type { PlannedChunk, PlannedFault } from './planned.js';
import type { Random } from './random.js';

/** How many jobs a burst has: a worker learns of the first dozens that they are quick. */
const LEAST = 150;
const MOST = 400;

/**
 * Bursts of quick jobs, which workers fetch ahead and end in company, shortly before a worker is
 * killed or told to stop.
 */
export function planBursts(
  random: Random,
  faults: readonly PlannedFault[],
  chunks: readonly PlannedChunk[],
): PlannedChunk[] {
  const ends = faults.filter(({ kind }) => kind === 'kill' || kind === 'term' || kind === 'cut');
  return ends
    .filter(() => random.chance(0.4))
    .map(({ atMs }, burst): PlannedChunk => {
      const { queue, priority } = random.pick(chunks.filter(({ delayMs }) => delayMs === 0));
      const jobs = Array.from({ length: random.int(LEAST, MOST) }, (_, at) => ({
        ...{ key: `burst-${burst}-${at}`, ms: 0, heed: false, throws: 0, blockMs: 0 },
      }));
      const early = random.int(0, 200);
      return { atMs: Math.max(0, atMs - early), queue, kind: 'work', priority, delayMs: 0, expires: false, jobs };
    });
}
