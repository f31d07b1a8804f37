import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fetchedJob, leaseFor } from '../../test/fetched-job.js';
import type { OutcomeKind } from '../attempt/outcome.js';
import { confirms, type LeaseAnswer } from './lease.js';

const NOW = 1_700_000_000_000;
const leaseFetchedAt = (fetchedAt: number | undefined) =>
  leaseFor(fetchedJob({ fetchedAt, attemptsMade: 2, fetches: 5, crashes: 1 }));

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ['Date', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('leaseOf', () => {
  it('keeps what BullMQ said of the job when it was fetched', () => {
    expect(leaseFetchedAt(NOW)).toMatchObject({
      ...{ token: 't1', fetches: 5, attemptsMade: 2, crashes: 1, lapsed: false, lost: false },
    });
  });

  it('counts from when the fetch was sent, by a clock that nobody sets', () => {
    vi.advanceTimersByTime(3_000);
    expect(leaseFetchedAt(NOW + 3_000).until).toBe(performance.now() + 10_000);
    expect(leaseFetchedAt(NOW + 1_000).until).toBe(performance.now() + 8_000);
    vi.setSystemTime(NOW + 1_000);
    expect(leaseFetchedAt(NOW + 1_000).until).toBe(performance.now() + 10_000);
  });

  it('is over when the process was frozen between fetch and reply for longer than it lasts', () => {
    expect(leaseFetchedAt(NOW - 60_000).until).toBe(performance.now() - 50_000);
  });

  it('is not longer for a fetch from the future, nor for one of no time', () => {
    for (const fetchedAt of [NOW + 60_000, undefined]) {
      expect(leaseFetchedAt(fetchedAt).until).toBe(performance.now() + 10_000);
    }
  });
});

describe('an answer to who asks after a lost reply', () => {
  const answers: LeaseAnswer[] = ['held', 'recorded', 'returned', 'gone', 'lost'];
  const confirmedBy = (outcome: OutcomeKind | undefined, notes?: { batch?: string }) =>
    answers.filter((answer) => confirms(answer, { outcome, notes }));

  it('confirms any end when one is recorded, and being back in the queue for who asked for that alone', () => {
    for (const outcome of ['completed', 'failed', 'rejected', 'expired', 'crashed', 'cancelled', undefined] as const) {
      expect(confirmedBy(outcome)).toEqual(['recorded']);
    }
    for (const outcome of ['interrupted', 'snoozed'] as const) {
      expect(confirmedBy(outcome)).toEqual(['recorded', 'returned']);
    }
  });

  it('confirms the end of a row by its job being gone: it goes with the record', () => {
    expect(confirmedBy('completed', { batch: 'b1' })).toEqual(['recorded', 'gone']);
    expect(confirmedBy('completed', {})).toEqual(['recorded']);
  });
});
