import type { FaultKind } from './fault.js';
import { MAX_ATTEMPTS } from './limits.js';
import { isDrawn } from './plan-faults.js';
import type { PlannedBatch, PlannedChunk, PlannedFault, PlannedRow } from './planned.js';
import type { Random } from './random.js';

interface Frame {
  readonly chunks: readonly PlannedChunk[];
  readonly queues: readonly string[];
  readonly scriptMs: number;
  readonly allowed: readonly FaultKind[];
}

/** Plans the batch of a run, if it has one, and kills of the producer while it is enqueued. */
export function planBatch(
  random: Random,
  { chunks, queues, scriptMs, allowed }: Frame,
): { readonly batch: PlannedBatch | undefined; readonly kills: readonly PlannedFault[] } {
  if (!allowed.includes('batch') || !isDrawn(random, 0.5, allowed)) return { batch: undefined, kills: [] };
  const [queue, atMs, count] = [random.pick(queues), random.int(0, scriptMs - 2_000), random.int(120, 240)];
  const isOrdered = chunks.some((chunk) => chunk.queue === queue && chunk.priority > 0);
  const cancelAfter = random.chance(0.5) ? random.int(1, count - 20) : undefined;
  const isKeyed = random.chance(0.5);
  const rows: PlannedRow[] = [];
  for (let row = 1; row <= count; row += 1) {
    // A row that is cancelled frees its key.
    const completing = isKeyed && cancelAfter === undefined ? rows.filter(isCertain) : [];
    rows.push(planRow(random, row, completing));
  }
  const rowsPerJob = random.weighted({ 1: 2, 5: 1, 20: 1 });
  const batch: PlannedBatch = {
    ...{ atMs, queue, rows, isKeyed, cancelAfter },
    priority: isOrdered ? random.int(1, 10) : 0,
    rowsPerJob: Number(rowsPerJob),
    maxWaiting: random.int(5, 60),
  };
  const kills = Array.from({ length: allowed.includes('producer-kill') ? random.int(0, 2) : 0 }, (): PlannedFault => {
    return { kind: 'producer-kill', slot: -1, forMs: 0, atMs: atMs + random.int(0, 1_500), share: 0, aimed: false };
  });
  return { batch, kills };
}

function planRow(random: Random, row: number, completing: readonly PlannedRow[]): PlannedRow {
  const how = random.weighted({ job: 94, invalid: 1.5, broken: 1.5, again: completing.length > 0 ? 3 : 0 });
  const ms = random.weighted({ quick: 9, slow: 1 }) === 'quick' ? random.int(0, 40) : random.int(100, 700);
  const throws = random.weighted({ never: 18, some: 1, always: 1 });
  const failures = { never: 0, some: random.int(1, MAX_ATTEMPTS - 1), always: MAX_ATTEMPTS }[throws];
  const key = how === 'again' ? random.pick(completing).key : `row-${row}`;
  return { key, ms, heed: random.chance(0.6), throws: failures, blockMs: 0, how };
}

const isCertain = ({ how, throws }: PlannedRow): boolean => how === 'job' && throws < MAX_ATTEMPTS;
