import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadlines } from './deadlines.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Begins calls with these limits, and records which of them passed, and when. */
function begin(deadlines: Deadlines, ...limits: number[]) {
  const startedAt = performance.now();
  const passed: string[] = [];
  const calls = limits.map((ms) => {
    const deadline = deadlines.begin(ms);
    deadline.onPassed = () => passed.push(`${ms} at ${performance.now() - startedAt}`);
    return deadline;
  });
  return { calls, passed };
}

describe('Deadlines', () => {
  it('have one timer for however many calls', () => {
    const deadlines = new Deadlines();
    const { calls } = begin(deadlines, ...Array.from({ length: 1_000 }, () => 5_000));
    expect(vi.getTimerCount()).toBe(1);
    for (const call of calls) deadlines.end(call);
    begin(deadlines, 5_000);
    expect(vi.getTimerCount()).toBe(1);
  });

  it('pass each in time, in whatever order the calls began', () => {
    const { passed } = begin(new Deadlines(), 50, 20, 80, 20);
    vi.advanceTimersByTime(100);
    expect(passed).toEqual(['20 at 20', '20 at 20', '50 at 50', '80 at 80']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('do not pass for a call that has ended, however it is ended and by whom', () => {
    const deadlines = new Deadlines();
    const { calls, passed } = begin(deadlines, 30, 30, 30, 60);
    const [first, second, third] = calls as [(typeof calls)[0], (typeof calls)[0], (typeof calls)[0]];
    deadlines.end(first);
    deadlines.end(first);
    second.onPassed = () => deadlines.end(third);
    vi.advanceTimersByTime(100);
    expect(passed).toEqual(['60 at 60']);
  });

  it('keep no process alive between calls, and leave no timer behind', () => {
    const deadlines = new Deadlines();
    const [call] = begin(deadlines, 50).calls as [ReturnType<Deadlines['begin']>];
    deadlines.end(call);
    deadlines.close();
    expect(vi.getTimerCount()).toBe(0);
    const { passed } = begin(deadlines, 50);
    deadlines.close();
    vi.advanceTimersByTime(50);
    expect(passed).toEqual(['50 at 50']);
  });
});
