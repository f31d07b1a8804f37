import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Standstill } from './standstill.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('asks why when nothing has moved for two seconds, and says it until something moves', async () => {
  let answer: string | undefined = 'the queue is paused';
  const ask = vi.fn(async () => answer);
  const standstill = new Standstill(ask);
  const after = async (ms: number, done: number) => {
    await vi.advanceTimersByTimeAsync(ms);
    standstill.note(done);
    await vi.advanceTimersByTimeAsync(0);
    return standstill.note(done);
  };
  expect(await after(0, 7)).toBeUndefined();
  expect(await after(1_900, 7)).toBeUndefined();
  expect(ask).not.toHaveBeenCalled();
  expect(await after(200, 7)).toBe('the queue is paused');
  answer = 'no worker takes jobs of this queue';
  expect(await after(1_900, 7)).toBe('the queue is paused');
  expect(await after(200, 7)).toBe('no worker takes jobs of this queue');
  expect(await after(250, 8)).toBeUndefined();
  expect(ask).toHaveBeenCalledTimes(2);
});

it('forgets an answer that came after something moved, and survives one that fails', async () => {
  const answers: ((why: string) => void)[] = [];
  const standstill = new Standstill(() => new Promise((resolve) => answers.push(resolve)));
  standstill.note(1);
  await vi.advanceTimersByTimeAsync(2_000);
  standstill.note(1);
  standstill.note(2);
  answers[0]?.('too late');
  await vi.advanceTimersByTimeAsync(0);
  expect(standstill.note(2)).toBeUndefined();

  const failing = new Standstill(() => Promise.reject(new Error('no answer')));
  failing.note(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(failing.note(1)).toBeUndefined();
});
