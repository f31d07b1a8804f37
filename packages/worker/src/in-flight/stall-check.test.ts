import { expect, it } from 'vitest';
import type { Observers } from '../events/observers.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { StallCheck, stallCheckMs } from './stall-check.js';

const checkWith = (leaseMs: number, answer: string[] | 0 = 0) =>
  new StallCheck({
    ...{ redis: { bullpenStallCheck: async () => answer } as unknown as ScriptedRedis, prefix: 'p', leaseMs },
    ...{ clock: { at: () => 0 }, log: { warn: () => undefined } as never, observers: { any: false } as Observers },
  });

it('says what is back in the queue, and that a queue rests', async () => {
  expect(await checkWith(10_000, ['j-1', 'charged', 'w-1']).check('mail')).toEqual(['j-1']);
  expect(await checkWith(10_000, []).check('mail')).toEqual([]);
  expect(await checkWith(10_000, 0).check('mail')).toBeUndefined();
});

it.each([1_000, 10_000, 300_000])(
  'rests for less than a lease of %i ms, and not less than between two checks',
  (leaseMs) => {
    const { restMs } = checkWith(leaseMs);
    expect(restMs).toBeGreaterThanOrEqual(stallCheckMs(leaseMs));
    expect(restMs).toBeLessThan(leaseMs * 0.9);
  },
);
