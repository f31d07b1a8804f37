import { describe, expect, it } from 'vitest';
import { shareCall } from './share-call.js';

describe('shareCall', () => {
  it('gives the same result to all calls that come meanwhile, and starts again for a later call, also after a failure', async () => {
    let begun = 0;
    const ask = shareCall(async () => {
      begun += 1;
      if (begun === 2) throw new Error('second');
      return begun;
    });
    expect(await Promise.all([ask(), ask()])).toEqual([1, 1]);
    const failed = ask();
    expect(ask()).toBe(failed);
    await expect(failed).rejects.toThrow('second');
    expect(await ask()).toBe(3);
  });
});
