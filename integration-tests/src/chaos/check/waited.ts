import type { Facts } from '../facts.js';
import type { ExitReason } from '../life.js';
import { LEASE_MS, STARVED_MS } from '../limits.js';

type Waits = Pick<Facts, 'waits'>;

/**
 * For how long in total the machine kept a worker, or what it depends on, waiting between two
 * instants.
 */
export function waitedBetween({ waits }: Waits, of: number, from: number, to: number): number {
  return waits
    .filter(({ pid, at }) => (pid === undefined || pid === of) && at >= from && at <= to)
    .reduce((sum, { ms }) => sum + ms, 0);
}

/** The same, since the worker was told to stop. */
export function waitedWhileStopping({ pid, startedAt, exitedAt, sent }: ExitReason, waits: Waits): number {
  const since = sent.find(({ signal }) => signal === 'SIGTERM')?.at ?? startedAt;
  return waitedBetween(waits, pid, since, exitedAt);
}

/**
 * Whether the machine kept a worker, or what it depends on, waiting for so long that it may have
 * lost a lease between two instants.
 */
export function wasStarved(facts: Waits, of: number, from: number, to: number): boolean {
  return facts.waits.some(({ at }) => {
    return at >= from && at <= to && waitedBetween(facts, of, at - LEASE_MS, at) >= STARVED_MS;
  });
}
