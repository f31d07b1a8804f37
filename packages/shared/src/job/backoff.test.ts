import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BackoffPolicy, backoffDelayMs } from './backoff.js';

const anyDelay = fc.oneof(fc.nat({ max: 10_000 }), fc.maxSafeNat());
const anyAttempt = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));
const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const anyJitter = fc.double({ min: 0, max: 1, noNaN: true });
const anyPolicy: fc.Arbitrary<BackoffPolicy> = fc
  .record({ type: fc.constantFrom('fixed', 'exponential'), first: anyDelay, second: anyDelay, jitter: anyJitter })
  .map(({ type, first, second, jitter }) => {
    const delayMs = Math.min(first, second);
    return { type, delayMs, maxDelayMs: type === 'fixed' ? delayMs : Math.max(first, second), jitter };
  });

const exponential = (delayMs: number, maxDelayMs: number, jitter = 0): BackoffPolicy => ({
  ...{ type: 'exponential', delayMs, maxDelayMs, jitter },
});

describe('backoffDelayMs', () => {
  it('doubles the wait with each failed attempt', () => {
    const waits = [1, 2, 3, 4, 5].map((attempt) => backoffDelayMs(exponential(1_000, 3_600_000), attempt, 0.5));
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
  });

  it('stops doubling at the maximum', () => {
    expect(backoffDelayMs(exponential(1_000, 5_000), 4, 0)).toBe(5_000);
    expect(backoffDelayMs(exponential(1_000, 5_000), 1_000, 0)).toBe(5_000);
  });

  it('always waits the same when it is fixed', () => {
    const policy: BackoffPolicy = { type: 'fixed', delayMs: 700, maxDelayMs: 700, jitter: 0 };
    expect([1, 2, 500].map((attempt) => backoffDelayMs(policy, attempt, 0.9))).toEqual([700, 700, 700]);
  });

  it('shortens the wait by at most the jitter, and never lengthens it', () => {
    const policy = exponential(1_000, 10_000, 0.2);
    expect(backoffDelayMs(policy, 1, 0)).toBe(1_000);
    expect(backoffDelayMs(policy, 1, 0.5)).toBe(900);
    expect(backoffDelayMs(policy, 1, 0.999_999)).toBe(800);
  });

  it('does not wait when the delay is 0, however many attempts failed', () => {
    expect(backoffDelayMs(exponential(0, 10_000), 5_000, 0.5)).toBe(0);
  });

  it('gives whole milliseconds from 0 to the maximum, for every policy and attempt', () => {
    fc.assert(
      fc.property(anyPolicy, anyAttempt, anyRandom, (policy, attempt, random) => {
        const wait = backoffDelayMs(policy, attempt, random);
        expect(Number.isSafeInteger(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(policy.maxDelayMs);
      }),
    );
  });

  it('differs from the wait without jitter by at most the jitter', () => {
    fc.assert(
      fc.property(anyPolicy, anyAttempt, anyRandom, (policy, attempt, random) => {
        const full = backoffDelayMs({ ...policy, jitter: 0 }, attempt, random);
        expect(backoffDelayMs(policy, attempt, random)).toBeGreaterThanOrEqual(Math.floor(full * (1 - policy.jitter)));
      }),
    );
  });

  it('never gets shorter from one attempt to the next when there is no jitter', () => {
    fc.assert(
      fc.property(anyPolicy, anyAttempt, (policy, attempt) => {
        const steady = { ...policy, jitter: 0 };
        expect(backoffDelayMs(steady, attempt + 1, 0)).toBeGreaterThanOrEqual(backoffDelayMs(steady, attempt, 0));
      }),
    );
  });
});
