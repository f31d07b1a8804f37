import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { within } from './within.js';

const never = new Promise<never>(() => {});

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('within', () => {
  it('returns the result of the work and leaves no timer', async () => {
    await expect(within(1_000, 'waiting', Promise.resolve(7))).resolves.toBe(7);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('names the work that took too long', async () => {
    const waiting = expect(within(2_000, 'pulling', never)).rejects.toThrow('pulling took more than 2 s');
    await vi.advanceTimersByTimeAsync(2_000);
    await waiting;
  });

  it('ends when `unless` settles', async () => {
    await expect(within(1_000, 'waiting', never, Promise.resolve())).rejects.toThrow('waiting was interrupted');
    await expect(within(1_000, 'waiting', never, Promise.reject(new Error()))).rejects.toThrow('interrupted');
    expect(vi.getTimerCount()).toBe(0);
  });
});
