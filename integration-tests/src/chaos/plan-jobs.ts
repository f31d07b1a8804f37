import type { FaultKind } from './fault.js';
import { MAX_ATTEMPTS, SPIN_MS } from './limits.js';
import { isDrawn, standstill } from './plan-faults.js';
import type { JobKind, PlannedChunk, PlannedFault, PlannedJob } from './planned.js';
import type { Random } from './random.js';

interface Frame {
  readonly queues: readonly string[];
  readonly scriptMs: number;
  readonly allowed: readonly FaultKind[];
  readonly faults: readonly PlannedFault[];
  /** How many jobs of a queue the fleet attempts at once. */
  readonly slots: number;
}

export function planChunks(random: Random, { queues, scriptMs, allowed, faults, slots }: Frame): PlannedChunk[] {
  const chunks: PlannedChunk[] = [];
  const jobs = random.int(60, 150);
  // A queue has either jobs with priorities or jobs without.
  const ordered = queues.filter(() => random.chance(0.3));
  const add = (atMs: number, queue: string, kind: JobKind, made: readonly PlannedJob[], delayMs = 0): void => {
    const priority = ordered.includes(queue) ? random.int(1, 10) : 0;
    chunks.push({ atMs, queue, kind, priority, delayMs, expires: random.chance(0.4), jobs: made });
  };
  let made = 0;
  while (made < jobs) {
    const size = Math.min(random.int(4, 16), jobs - made);
    const kind = random.chance(0.15) ? 'once' : 'work';
    const make = kind === 'once' ? planOnce : planWork;
    const queue = random.pick(queues);
    // The first chunk comes at once: workers should be busy when the first fault comes.
    const atMs = made === 0 ? 0 : random.int(0, scriptMs - 1_000);
    const delayMs = made > 0 && random.chance(0.2) ? random.int(500, 4_000) : 0;
    const first = made;
    const all = Array.from({ length: size }, (_, at) => make(random, `job-${first + at}`, allowed));
    add(atMs, queue, kind, all, delayMs);
    made += size;
  }
  if (allowed.includes('poison') && isDrawn(random, 0.15, allowed)) {
    add(random.int(0, 1_500), random.pick(queues), 'poison', [planPoison('poison', random.int(0, 50))]);
  }
  if (allowed.includes('slow-poison') && isDrawn(random, 0.15, allowed)) {
    const [atMs, queue] = [random.int(0, 1_500), random.pick(queues)];
    add(atMs, queue, 'poison', [planPoison('slow-poison', random.int(100, 400))]);
    // They fill all slots: the jobs of a process that dies come together again.
    const neighbours = Array.from({ length: slots }, (_, at) => planFragile(random, `neighbour-${at}`));
    add(atMs, queue, 'fragile', neighbours);
  }
  for (const [at, { kind, atMs, forMs }] of faults.entries()) {
    if (kind === 'spin') {
      const job = { ...planOnce(random, `spin-${at}`), heed: true, blockMs: SPIN_MS };
      add(atMs, random.pick(queues), 'work', [job]);
    }
    // Work that waits while Redis is full, and work that is refused.
    if (kind === 'redis-full') {
      const backlog = Array.from({ length: 2 * slots }, (_, one) => planOnce(random, `backlog-${at}-${one}`));
      add(Math.max(0, atMs - 300), random.pick(queues), 'once', backlog);
      add(atMs + 1_200, random.pick(queues), 'once', [planOnce(random, `refused-${at}`)]);
    }
    // Fresh work for workers that have nothing to do by then: only they wait on the connection that
    // was cut.
    if (kind === 'cut-blocking') {
      const late = Array.from({ length: 3 }, (_, one) => planOnce(random, `late-${at}-${one}`));
      add(scriptMs + forMs + random.int(0, 2_000), random.pick(queues), 'once', late);
    }
  }
  return chunks.toSorted((a, b) => a.atMs - b.atMs);
}

function planWork(random: Random, key: string, allowed: readonly FaultKind[]): PlannedJob {
  const length = random.weighted({ quick: 11, slow: 6, 'longer than a drain': 3 });
  const ms = { quick: random.int(0, 30), slow: random.int(200, 900), 'longer than a drain': random.int(1_000, 3_000) }[
    length
  ];
  const throws = random.weighted({ never: 8, some: 2, always: 0.5 });
  const failures = { never: 0, some: random.int(1, MAX_ATTEMPTS - 1), always: MAX_ATTEMPTS }[throws];
  const blocks = random.chance(0.015) && allowed.includes('block');
  const worked = failures > 0 ? Math.min(ms, 400) : ms;
  return { key, ms: worked, heed: random.chance(0.6), throws: failures, blockMs: blocks ? standstill(random) : 0 };
}

/** These have one attempt: an attempt wrongly spent is a job wrongly failed. */
function planOnce(random: Random, key: string): PlannedJob {
  return { key, ms: random.int(300, 1_600), heed: random.chance(0.6), throws: 0, blockMs: 0 };
}

/** Takes longer than the poison beside it, and than a lease. */
function planFragile(random: Random, key: string): PlannedJob {
  return { key, ms: random.int(2_000, 3_500), heed: true, throws: 0, blockMs: 0 };
}

const planPoison = (key: string, ms: number): PlannedJob => ({ key, ms, heed: false, throws: 0, blockMs: 0 });
