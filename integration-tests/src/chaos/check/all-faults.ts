import type { Facts } from '../facts.js';
import type { Fault } from '../fault.js';
import { HARMLESS_MS, LEASE_MS } from '../limits.js';
import { linesOfEvent } from './handler-runs.js';

/** The faults that were injected, and those that the ledger and the answers to the producer show. */
export function allFaults({
  faults,
  ledger,
  cancels,
  batch,
}: Pick<Facts, 'faults' | 'ledger' | 'cancels' | 'batch'>): Fault[] {
  const blocked = new Map(linesOfEvent(ledger, 'blocked').map(({ run, at }) => [run, at]));
  const blocks = linesOfEvent(ledger, 'blocking').map(({ pid, at, until, run, reason }): Fault => {
    return { kind: reason === 'spin' ? 'spin' : 'block', pid, startedAt: at, endedAt: blocked.get(run) ?? until ?? at };
  });
  const poison = linesOfEvent(ledger, 'poison').map(({ pid, at, reason }): Fault => {
    return { kind: reason === 'slow-poison' ? 'slow-poison' : 'poison', pid, startedAt: at, endedAt: at };
  });
  const cancelled = cancels.map(({ sentAt, at }): Fault => ({ kind: 'cancel', startedAt: sentAt, endedAt: at }));
  const begun = batch?.lines.find(({ event }) => event === 'begun');
  const batches: Fault[] = begun === undefined ? [] : [{ kind: 'batch', startedAt: begun.at, endedAt: begun.at }];
  const known = [...faults, ...blocks, ...poison, ...cancelled, ...batches];
  // A frozen or blocked process also notices that it stood still; that is the same fault.
  const starved = linesOfEvent(ledger, 'starved')
    .map(({ pid, since, at }): Fault => ({ kind: 'starved', pid, startedAt: since ?? at, endedAt: at }))
    .filter(
      (fault) =>
        !known.some(({ kind, pid, startedAt, endedAt }) => {
          const stands = kind === 'freeze' || kind === 'block' || kind === 'spin';
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
    case 'stale-lease':
    case 'skewed-clock':
    case 'cancel':
    case 'batch':
    case 'redis-full':
      return false;
    // If it lasted, Redis had no room for whoever had to connect meanwhile.
    case 'cut-blocking':
    case 'freeze':
    case 'block':
    case 'spin':
    case 'starved':
    case 'redis-freeze':
      return endedAt - startedAt > HARMLESS_MS;
    case 'kill':
    case 'poison':
    case 'slow-poison':
    case 'cut':
    case 'cut-in-reply':
    case 'black-hole':
    case 'redis-kill':
    case 'redis-acl':
    case 'redis-flush':
      return true;
  }
}

/** Whether it stops one worker process from doing anything for a while. */
export const isStandstill = ({ kind }: Fault): boolean => ['freeze', 'block', 'spin', 'starved'].includes(kind);

/** Whether it ends a worker process by itself. */
export const isKill = ({ kind }: Fault): boolean => ['kill', 'poison', 'slow-poison'].includes(kind);

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
    case 'redis-acl':
    case 'cut-blocking':
      return endedAt + RECONNECT_MS;
    // A lease that is gone is noticed when it is to be renewed.
    case 'redis-flush':
      return endedAt + LEASE_MS;
    case 'cut':
    case 'cut-in-reply':
    case 'black-hole':
      return endedAt + RECONNECT_AFTER_CUT_MS;
    case 'freeze':
    case 'block':
    case 'spin':
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
