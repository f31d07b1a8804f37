import { describe, expect, it } from 'vitest';
import { Ending } from './ending.js';

const never = new Promise<never>(() => undefined);

describe('Ending', () => {
  it('lets a wait finish as long as nothing ends the run', async () => {
    expect(await new Ending().unlessEnded(Promise.resolve(7))).toBe(7);
  });

  it('ends every wait, also later ones, for the first reason', async () => {
    const ending = new Ending();
    const underWay = ending.unlessEnded(never);
    ending.because(new Error('Ctrl-C'));
    ending.because(new Error('a worker is gone'));
    await expect(underWay).rejects.toThrow('Ctrl-C');
    await expect(ending.unlessEnded(never)).rejects.toThrow('Ctrl-C');
  });
});
