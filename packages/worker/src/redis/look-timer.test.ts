import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { lookEvery, untilNextLook } from './look-timer.js';

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

describe('lookEvery', () => {
  it('looks at the same moments, whenever it was called, until it is ended', async () => {
    const looks: string[] = [];
    const start = performance.now();
    const note = (name: string) => () => void looks.push(`${name} ${Math.floor((performance.now() - start) / 1_000)}`);
    const stops = [lookEvery(1_000, note('a'))];
    await vi.advanceTimersByTimeAsync(300);
    stops.push(lookEvery(1_000, note('b')));
    await vi.advanceTimersByTimeAsync(400);
    stops.push(lookEvery(2_000, note('c')));
    await vi.advanceTimersByTimeAsync(3_500);
    for (const stop of stops) stop();
    await vi.advanceTimersByTimeAsync(10_000);
    const at = Math.ceil((start % 1_000) / 1_000);
    expect(looks.filter((look) => !look.startsWith('c'))).toEqual([
      ...[1, 2, 3, 4].flatMap((second) => [`a ${second - at}`, `b ${second - at}`]),
    ]);
    expect(looks.filter((look) => look.startsWith('c'))).toHaveLength(2);
  });

  it('does not look twice when its timer fires a little too early', () => {
    const step = 4_000;
    vi.advanceTimersByTime(untilNextLook(step) - 1);
    expect(untilNextLook(step)).toBeGreaterThan(step - 10);
  });
});
