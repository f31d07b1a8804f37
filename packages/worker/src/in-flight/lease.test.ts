import { RedisClock } from '@bullpen/shared/internal';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fetchedJob, leaseFor } from '../../test/fetched-job.js';
import type { OutcomeKind } from '../attempt/outcome.js';
import { confirms, type LeaseAnswer, leaseOf } from './lease.js';

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
  it('keeps what the fetch said of the job', () => {
    expect(leaseFetchedAt(NOW)).toMatchObject({
      ...{ token: 't1', fetches: 5, attemptsMade: 2, crashes: 1, lapsed: false, lost: false },
    });
  });

  it('counts from when Redis carried the fetch out, on the monotonic clock', () => {
    vi.advanceTimersByTime(3_000);
    expect(leaseFetchedAt(NOW + 3_000).until).toBe(performance.now() + 10_000);
    expect(leaseFetchedAt(NOW + 1_000).until).toBe(performance.now() + 8_000);
  });

  it('does not depend on the clock of the host once Redis has said its time', async () => {
    const clock = new RedisClock(async () => NOW);
    await clock.sync();
    for (const hostTime of [NOW - 3_600_000, NOW + 3_600_000]) {
      vi.setSystemTime(hostTime);
      const { until } = leaseOf(fetchedJob({ fetchedAt: NOW }), 10_000, clock);
      expect(performance.now() + 10_000 - until).toBeLessThanOrEqual(1);
    }
  });

  it('has lapsed when the process was frozen between fetch and reply for longer than a lease', () => {
    expect(leaseFetchedAt(NOW - 60_000).until).toBe(performance.now() - 50_000);
  });

  it('is not longer for a fetch in the future or without a time', () => {
    for (const fetchedAt of [NOW + 60_000, undefined]) {
      expect(leaseFetchedAt(fetchedAt).until).toBe(performance.now() + 10_000);
    }
  });
});

describe('the answer to a question after a lost reply', () => {
  const answers: LeaseAnswer[] = ['held', 'recorded', 'returned', 'gone', 'lost'];
  const confirmedBy = (outcome: OutcomeKind | undefined, notes?: { batch?: string }) =>
    answers.filter((answer) => confirms(answer, { outcome, notes }));

  it('confirms any end that is recorded; and that the job is back in its queue, for ends that put it there', () => {
    for (const outcome of ['completed', 'failed', 'rejected', 'expired', 'crashed', 'cancelled', undefined] as const) {
      expect(confirmedBy(outcome)).toEqual(['recorded']);
    }
    for (const outcome of ['interrupted', 'snoozed'] as const) {
      expect(confirmedBy(outcome)).toEqual(['recorded', 'returned']);
    }
  });

  it('confirms the end of a row when its job is gone: recording the end removes it', () => {
    expect(confirmedBy('completed', { batch: 'b1' })).toEqual(['recorded', 'gone']);
    expect(confirmedBy('completed', {})).toEqual(['recorded']);
  });
});
