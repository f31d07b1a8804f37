import type { PlannedChunk } from './plan.js';
import type { Random } from './random.js';

/** A call that cancels one job. */
export interface PlannedCancel {
  readonly key: string;
  /** Which chunk has the job. */
  readonly chunk: number;
  /**
   * When: as soon as its chunk is accepted, so that most still wait or are delayed; as soon as its
   * handler has started; or as soon as its handler has ended.
   */
  readonly when: 'accepted' | 'started' | 'ended';
  /** Whether the key is used again as soon as the job is off the queue. */
  readonly again: boolean;
}

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
