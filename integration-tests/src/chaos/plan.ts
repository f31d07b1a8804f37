import type { FaultKind, InjectedKind } from './fault.js';
import { HARMLESS_MS, LEASE_MS, MAX_ATTEMPTS, STANDSTILL_MS } from './limits.js';
import { Random } from './random.js';

/** Which of the chaos job definitions a job is of. */
export type JobKind = 'work' | 'once' | 'poison';

/** What the plan wants of one job. It is the job's payload as well. */
export interface PlannedJob {
  /** The job's key. */
  readonly key: string;
  /** How long its handler works. */
  readonly ms: number;
  /** Whether its handler stops when its signal fires. */
  readonly heed: boolean;
  /** How many attempts throw, counted from the first. `MAX_ATTEMPTS` means all of them. */
  readonly throws: number;
  /** For how long the first run keeps the event loop busy. */
  readonly blockMs: number;
}

/** Jobs that the producer enqueues in one call. */
export interface PlannedChunk {
  /** When, from the run's beginning. */
  readonly atMs: number;
  readonly queue: string;
  readonly kind: JobKind;
  /** 0 means no priority. */
  readonly priority: number;
  readonly jobs: readonly PlannedJob[];
}

/** One fault to inject. */
export interface PlannedFault {
  readonly kind: InjectedKind;
  /** When, from the moment all workers are ready. */
  readonly atMs: number;
  /** Which worker; -1 is the producer. Redis has no number. */
  readonly slot: number;
  /** How long it lasts, where it does. */
  readonly forMs: number;
  /** How much of a reply comes through before the cut. */
  readonly share: number;
  /**
   * Whether it waits until its worker runs a handler. Most do: a fault that hits an idle worker
   * shows little.
   */
  readonly aimed: boolean;
}

/** Everything that a run does, made from its seed alone. */
export interface Plan {
  readonly seed: number;
  readonly workers: number;
  readonly concurrency: number;
  readonly queues: readonly string[];
  readonly chunks: readonly PlannedChunk[];
  readonly faults: readonly PlannedFault[];
}

export const QUEUES = ['chaos-a', 'chaos-b'] as const;

const WEIGHTS: Readonly<Record<InjectedKind, number>> = {
  term: 4,
  'double-term': 2,
  kill: 3,
  freeze: 4,
  'redis-kill': 2,
  'redis-freeze': 2,
  cut: 3,
  'cut-in-reply': 5,
  'black-hole': 4,
  'producer-kill': 1.5,
};

/** Makes the plan of a seed, with these kinds of fault only. */
export function makePlan(seed: number, allowed: readonly FaultKind[]): Plan {
  const random = new Random(seed);
  const queues = random.chance(0.5) ? QUEUES : QUEUES.slice(0, 1);
  const workers = random.int(2, 4);
  const scriptMs = random.int(3_500, 5_500);
  const concurrency = random.int(5, 8);
  const chunks = planChunks(random, queues, scriptMs, allowed);
  return { seed, workers, concurrency, queues, chunks, faults: planFaults(random, workers, scriptMs, allowed) };
}

function planChunks(
  random: Random,
  queues: readonly string[],
  scriptMs: number,
  allowed: readonly FaultKind[],
): PlannedChunk[] {
  const chunks: PlannedChunk[] = [];
  const jobs = random.int(60, 150);
  // A queue has either jobs with priorities or jobs without.
  const ordered = queues.filter(() => random.chance(0.3));
  let made = 0;
  while (made < jobs) {
    const size = Math.min(random.int(4, 16), jobs - made);
    const kind = random.chance(0.15) ? 'once' : 'work';
    const make = kind === 'once' ? planOnce : planWork;
    const queue = random.pick(queues);
    chunks.push({
      // The first chunk comes at once: workers should be busy when the first fault comes.
      atMs: made === 0 ? 0 : random.int(0, scriptMs - 1_000),
      queue,
      kind,
      priority: ordered.includes(queue) ? random.int(1, 10) : 0,
      jobs: Array.from({ length: size }, (_, at) => make(random, `job-${made + at}`, allowed)),
    });
    made += size;
  }
  if (random.chance(0.15) && allowed.includes('poison')) {
    const poison = { key: 'poison', ms: random.int(0, 50), heed: false, throws: 0, blockMs: 0 };
    const queue = random.pick(queues);
    chunks.push({
      atMs: random.int(0, 1_500),
      queue,
      kind: 'poison',
      priority: ordered.includes(queue) ? random.int(1, 10) : 0,
      jobs: [poison],
    });
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

function planFaults(random: Random, workers: number, scriptMs: number, allowed: readonly FaultKind[]): PlannedFault[] {
  const weights = Object.fromEntries(Object.entries(WEIGHTS).filter(([kind]) => allowed.includes(kind as FaultKind)));
  if (Object.keys(weights).length === 0) return [];
  const faults = Array.from({ length: random.int(6, 10) }, (): PlannedFault => {
    const kind = random.weighted(weights) as InjectedKind;
    const producerToo = kind === 'cut' || kind === 'cut-in-reply' || kind === 'black-hole';
    const slot = producerToo && random.chance(0.2) ? -1 : random.int(0, workers - 1);
    const forMs = kind === 'double-term' ? random.int(0, 400) : standstill(random);
    const [atMs, share, aimed] = [random.int(0, scriptMs), random.fraction(), random.chance(0.75)];
    return { kind, slot, forMs, atMs, share, aimed };
  });
  return faults.toSorted((a, b) => a.atMs - b.atMs);
}

/**
 * Mostly too short to do harm, sometimes long enough to lose a lease, rarely long enough for the
 * watchdog.
 */
function standstill(random: Random): number {
  const length = random.weighted({ short: 6, 'over the lease': 3, 'over the watchdog': 1 });
  if (length === 'short') return random.int(50, HARMLESS_MS - 100);
  if (length === 'over the lease') return random.int(LEASE_MS, STANDSTILL_MS - 200);
  return random.int(STANDSTILL_MS + 200, STANDSTILL_MS + 800);
}
