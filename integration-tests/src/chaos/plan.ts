import type { FaultKind } from './fault.js';
import { planBatch } from './plan-batch.js';
import { planBursts } from './plan-bursts.js';
import { planCancels } from './plan-cancels.js';
import { isDrawn, planFaults } from './plan-faults.js';
import { planChunks } from './plan-jobs.js';
import { type Plan, type PlannedChunk, QUEUES } from './planned.js';
import { Random } from './random.js';

/** Makes the plan of a seed, with these kinds of fault only. */
export function makePlan(seed: number, allowed: readonly FaultKind[]): Plan {
  const random = new Random(seed);
  const queues = random.chance(0.5) ? QUEUES : QUEUES.slice(0, 1);
  const workers = random.int(2, 4);
  const scriptMs = random.int(3_500, 5_500);
  const concurrency = random.int(5, 8);
  const faults = planFaults(random, workers, scriptMs, allowed);
  const chunks = planChunks(random, { queues, scriptMs, allowed, faults, slots: workers * concurrency });
  const cancels = allowed.includes('cancel') && isDrawn(random, 0.4, allowed) ? planCancels(random, chunks) : [];
  // Drawn last, and its kills stand behind all other faults: keys name faults by their place.
  const { batch, kills } = planBatch(random, { chunks, queues, scriptMs, allowed });
  // Drawn after all the rest, so that a seed makes the same faults with them and without.
  const bursts = allowed.includes('kill') ? planBursts(random, faults, chunks) : [];
  const all = [...chunks, ...bursts].toSorted((a, b) => a.atMs - b.atMs);
  const moved = cancels.map((one) => ({ ...one, chunk: all.indexOf(chunks[one.chunk] as PlannedChunk) }));
  return { seed, workers, concurrency, queues, chunks: all, cancels: moved, batch, faults: [...faults, ...kills] };
}
