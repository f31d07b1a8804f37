import type { Facts } from '../facts.js';
import type { Fault } from '../fault.js';
import { HARMLESS_MS } from '../limits.js';
import { linesOfEvent } from './handler-runs.js';

/** The faults that were injected, and those that the ledger shows. */
export function allFaults({ faults, ledger }: Pick<Facts, 'faults' | 'ledger'>): Fault[] {
  const blocked = new Map(linesOfEvent(ledger, 'blocked').map(({ run, at }) => [run, at]));
  const blocks = linesOfEvent(ledger, 'blocking').map(({ pid, at, until, run }): Fault => {
    return { kind: 'block', pid, startedAt: at, endedAt: blocked.get(run) ?? until ?? at };
  });
  const poison = linesOfEvent(ledger, 'poison').map(({ pid, at }): Fault => {
    return { kind: 'poison', pid, startedAt: at, endedAt: at };
  });
  const known = [...faults, ...blocks, ...poison];
  // A frozen or blocked process also notices that it stood still; that is the same fault.
  const starved = linesOfEvent(ledger, 'starved')
    .map(({ pid, since, at }): Fault => ({ kind: 'starved', pid, startedAt: since ?? at, endedAt: at }))
    .filter(
      (fault) =>
        !known.some(({ kind, pid, startedAt, endedAt }) => {
          const stands = kind === 'freeze' || kind === 'block';
          return stands && pid === fault.pid && startedAt <= fault.endedAt && endedAt >= fault.startedAt;
        }),
    );
  return [...known, ...starved].toSorted((a, b) => a.startedAt - b.startedAt);
}

/**
 * Whether a fault can take a lease, a reply or a process away. A standstill shorter than half a
 * lease must not, so it excuses nothing.
 */
export function isHarmful({ kind, startedAt, endedAt }: Fault): boolean {
  switch (kind) {
    case 'term':
    case 'double-term':
    case 'producer-kill':
      return false;
    case 'freeze':
    case 'block':
    case 'starved':
    case 'redis-freeze':
      return endedAt - startedAt > HARMLESS_MS;
    case 'kill':
    case 'poison':
    case 'cut':
    case 'cut-in-reply':
    case 'black-hole':
    case 'redis-kill':
      return true;
  }
}

/** Whether it stops one worker process from doing anything for a while. */
export const isStandstill = ({ kind }: Fault): boolean => kind === 'freeze' || kind === 'block' || kind === 'starved';

/** Whether it ends a worker process by itself. */
export const isKill = ({ kind }: Fault): boolean => kind === 'kill' || kind === 'poison';

/** A worker that lost Redis tries again after at most this time; until then it renews no lease. */
const RECONNECT_MS = 2_000;
/** A worker whose connections were cut finds Redis at its first attempts. */
const RECONNECT_AFTER_CUT_MS = 500;

/**
 * A process that stood still then starts what it had fetched before, under a lease that ran out
 * meanwhile.
 */
const BACKLOG_MS = 1_000;

/** Until when a fault may still show its effect. */
export function felt({ kind, endedAt }: Fault): number {
  switch (kind) {
    case 'redis-kill':
    case 'redis-freeze':
      return endedAt + RECONNECT_MS;
    case 'cut':
    case 'cut-in-reply':
    case 'black-hole':
      return endedAt + RECONNECT_AFTER_CUT_MS;
    case 'freeze':
    case 'block':
    case 'starved':
      return endedAt + BACKLOG_MS;
    default:
      return endedAt;
  }
}

/** The harmful fault that this process felt most between two instants. */
export function harmBetween(faults: readonly Fault[], pid: number, from: number, to: number): Fault | undefined {
  const shared = (fault: Fault): number => Math.min(to, felt(fault)) - Math.max(from, fault.startedAt);
  return faults
    .filter((fault) => (fault.pid === undefined || fault.pid === pid) && isHarmful(fault) && shared(fault) >= 0)
    .toSorted((a, b) => shared(b) - shared(a))[0];
}
