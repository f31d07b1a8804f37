import type { BackoffPolicy } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../../test/fetched-job.js';
import { retryInMs } from './retry-in-ms.js';

const backoff: BackoffPolicy = { type: 'exponential', delayMs: 1_000, maxDelayMs: 3_000, jitter: 0 };

describe('retryInMs', () => {
  it('is the computed wait until the next attempt, at most the maximum', () => {
    const waits = [1, 2, 3, 4].map((number) => retryInMs({ number, maxAttempts: 5 }, outcomeOf('failed'), backoff));
    expect(waits).toEqual([1_000, 2_000, 3_000, 3_000]);
  });

  it('is undefined after the last attempt, for a job without a definition, and for any other outcome', () => {
    expect(retryInMs({ number: 3, maxAttempts: 3 }, outcomeOf('failed'), backoff)).toBeUndefined();
    expect(retryInMs({ number: 1, maxAttempts: 3 }, outcomeOf('failed'), undefined)).toBeUndefined();
    for (const kind of ['completed', 'rejected', 'cancelled', 'snoozed'] as const) {
      expect(retryInMs({ number: 1, maxAttempts: 3 }, outcomeOf(kind), backoff)).toBeUndefined();
    }
  });
});
