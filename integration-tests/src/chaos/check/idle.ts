import type { Facts } from '../facts.js';
import type { Fault } from '../fault.js';
import { type ExitReason, lineOf, loggedAt, READY } from '../life.js';
import { allFaults, felt, isHarmful } from './all-faults.js';
import { type HandlerRun, handlerRuns } from './handler-runs.js';
import { waitedBetween } from './waited.js';

/** A time in which a worker was ready, unharmed and not told to stop, and had a free slot. */
export interface Idle {
  readonly pid: number;
  readonly from: number;
  readonly to: number;
}

const STEP_MS = 100;

/** When workers could have taken a job. */
export function idleTimes(facts: Facts): Idle[] {
  const faults = allFaults(facts).filter(isHarmful);
  const runs = handlerRuns(facts);
  return facts.lives.flatMap((life) => idleTimesOf(life, facts.concurrency, faults, runs));
}

function idleTimesOf(
  life: ExitReason,
  concurrency: number,
  faults: readonly Fault[],
  runs: readonly HandlerRun[],
): Idle[] {
  const { pid, sent, exitedAt } = life;
  const from = loggedAt(lineOf(life, READY));
  if (from === undefined) return [];
  const to = Math.min(exitedAt, ...sent.map(({ at }) => at));
  const harm = faults.filter((fault) => (fault.pid ?? pid) === pid);
  const own = runs.filter((run) => run.pid === pid);
  const idle: Idle[] = [];
  for (let at = from; at <= to; at += STEP_MS) {
    const isHarmed = harm.some((fault) => fault.startedAt <= at && felt(fault) >= at);
    const busy = own.filter((run) => run.startedAt <= at && run.endedAt >= at).length;
    if (isHarmed || busy >= concurrency) continue;
    const last = idle.at(-1);
    if (last !== undefined && at - last.to <= STEP_MS) idle[idle.length - 1] = { ...last, to: at };
    else idle.push({ pid, from: at, to: at });
  }
  return idle;
}

/**
 * When a worker was idle between two instants for at least so long without a break, not counting
 * what the machine kept it waiting.
 */
export function idleFor(
  idle: readonly Idle[],
  facts: Pick<Facts, 'waits'>,
  { from, to, forMs }: { readonly from: number; readonly to: number; readonly forMs: number },
): Idle | undefined {
  return idle
    .map(({ pid, ...one }): Idle => ({ pid, from: Math.max(from, one.from), to: Math.min(to, one.to) }))
    .find((one) => {
      const idleMs = one.to - one.from;
      return idleMs >= forMs && idleMs - waitedBetween(facts, one.pid, one.from, one.to) >= forMs;
    });
}
