import type { FaultKind, InjectedKind } from './fault.js';
import { HARMLESS_MS, LEASE_MS, STANDSTILL_MS } from './limits.js';
import type { PlannedFault } from './planned.js';
import type { Random } from './random.js';

const WEIGHTS: Readonly<Record<Exclude<InjectedKind, 'redis-flush' | 'stale-lease'>, number>> = {
  term: 4,
  'double-term': 2,
  kill: 3,
  freeze: 4,
  spin: 1,
  'skewed-clock': 2,
  'redis-kill': 2,
  'redis-freeze': 2,
  'redis-full': 2,
  'redis-acl': 1.5,
  cut: 3,
  'cut-in-reply': 5,
  'cut-blocking': 2,
  'black-hole': 4,
  'producer-kill': 1.5,
};

/** Not aimed at one worker: half of the times they hit all. */
const HALF: readonly InjectedKind[] = ['cut-blocking', 'redis-full'];

/** These take long, and one after the other; and two processes that spin leave a small machine no time. */
const AT_MOST: Readonly<Partial<Record<InjectedKind, number>>> = {
  ...{ spin: 2, 'redis-full': 2, 'redis-acl': 2, 'cut-blocking': 3 },
};

/** These hit the producer as well. */
const PRODUCER_TOO: readonly InjectedKind[] = ['cut', 'cut-in-reply', 'black-hole', 'skewed-clock'];

export function planFaults(
  random: Random,
  workers: number,
  scriptMs: number,
  allowed: readonly FaultKind[],
): PlannedFault[] {
  const weights = Object.fromEntries(Object.entries(WEIGHTS).filter(([kind]) => allowed.includes(kind as FaultKind)));
  const any = Object.keys(weights).length > 0;
  const faults = Array.from({ length: any ? random.int(6, 10) : 0 }, (): PlannedFault => {
    const kind = random.weighted(weights) as InjectedKind;
    const slot = PRODUCER_TOO.includes(kind) && random.chance(0.2) ? -1 : random.int(0, workers - 1);
    const forMs = lengthOf(kind, random);
    const [share, aimed] = [random.fraction(), random.chance(HALF.includes(kind) ? 0.5 : 0.75)];
    // Half of the wrong clocks are wrong from the start.
    const atMs = kind === 'skewed-clock' && random.chance(0.5) ? -1 : random.int(0, scriptMs);
    return { kind, slot, forMs, atMs, share, aimed };
  });
  const few = faults.filter(({ kind }, at) => {
    const before = faults.slice(0, at).filter((fault) => fault.kind === kind).length;
    return before < (AT_MOST[kind] ?? Number.POSITIVE_INFINITY);
  });
  // What was enqueued before is lost and cannot be judged: once in a run, and rarely.
  if (allowed.includes('redis-flush') && isDrawn(random, 0.08, allowed)) {
    const atMs = random.int(500, 1_500);
    few.push({ kind: 'redis-flush', slot: -1, forMs: 0, atMs, share: random.fraction(), aimed: false });
  }
  if (allowed.includes('stale-lease') && isDrawn(random, 0.12, allowed)) {
    few.push({ kind: 'stale-lease', slot: -1, forMs: 0, atMs: random.int(0, 1_500), share: 0, aimed: false });
  }
  return few.toSorted((a, b) => a.atMs - b.atMs);
}

function lengthOf(kind: InjectedKind, random: Random): number {
  if (kind === 'double-term') return random.int(0, 400);
  // Refused for so long that a worker has to say so, or not at all.
  if (kind === 'cut-blocking') return random.chance(0.5) ? random.int(2_200, 3_500) : 0;
  return standstill(random);
}

/** Whether a run has something that not every run has. A run of few kinds has it for certain. */
export function isDrawn(random: Random, probability: number, allowed: readonly FaultKind[]): boolean {
  return random.chance(allowed.length <= 3 ? 1 : probability);
}

/**
 * Mostly too short to do harm, sometimes long enough to lose a lease, rarely long enough for the
 * watchdog.
 */
export function standstill(random: Random): number {
  const length = random.weighted({ short: 6, 'over the lease': 3, 'over the watchdog': 1 });
  if (length === 'short') return random.int(50, HARMLESS_MS - 100);
  if (length === 'over the lease') return random.int(LEASE_MS, STANDSTILL_MS - 200);
  return random.int(STANDSTILL_MS + 200, STANDSTILL_MS + 800);
}
