import { describe, expect, it } from 'vitest';
import { FetchAhead, type QueueAhead } from './fetch-ahead.js';

/** One queue, after so many attempts of so many ms each. */
function after(attempts: number, ms: number, queue: QueueAhead = new FetchAhead().forQueue()): QueueAhead {
  for (let count = 0; count < attempts; count += 1) queue.took(ms);
  return queue;
}

/** After how many attempts of so many ms each something may be held ahead. */
function untilQuick(queue: QueueAhead, ms: number): number {
  for (let count = 0; count < 1_000; count += 1) {
    if (queue.most > 0) return count;
    queue.took(ms);
  }
  throw new Error('never');
}

describe('FetchAhead', () => {
  it('allows nothing until some dozen attempts were quick', () => {
    expect(new FetchAhead().forQueue().most).toBe(0);
    const count = untilQuick(new FetchAhead().forQueue(), 0.1);
    expect(count).toBeGreaterThan(12);
    expect(count).toBeLessThan(60);
  });

  it('allows nothing for jobs that take longer than some milliseconds', () => {
    expect(after(1_000, 5).most).toBe(0);
  });

  it('allows as many jobs as take 20 ms, and 50 at most', () => {
    expect(after(1_000, 0.99).most).toBe(20);
    expect(after(1_000, 0.66).most).toBe(30);
    expect(after(1_000, 0.01).most).toBe(50);
    expect(after(1_000, 0).most).toBe(50);
  });

  it('allows nothing after an attempt that was far too slow, and forgets it after some dozen quick ones', () => {
    const queue = after(1_000, 0.1);
    queue.took(300);
    expect(queue.most).toBe(0);
    const count = untilQuick(queue, 0.1);
    expect(count).toBeGreaterThan(12);
    expect(count).toBeLessThan(100);
  });

  it('allows all queues of a process together what takes 20 ms', () => {
    const ahead = new FetchAhead();
    const [one, other] = [after(1_000, 0.99, ahead.forQueue()), after(1_000, 0.99, ahead.forQueue())];
    one.holds(15);
    // What it holds itself counts as part of what it may hold.
    expect([one.most, other.most]).toEqual([20, 5]);
    other.holds(5);
    expect([one.most, other.most]).toEqual([15, 5]);
    one.holds(0);
    expect([one.most, other.most]).toEqual([15, 20]);
  });

  it('never allows less than nothing', () => {
    const ahead = new FetchAhead();
    const [one, other] = [after(1_000, 0.99, ahead.forQueue()), after(1_000, 0.99, ahead.forQueue())];
    one.holds(20);
    one.took(100);
    expect(other.most).toBe(0);
  });
});
