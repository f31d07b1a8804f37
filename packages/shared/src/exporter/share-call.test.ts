import { describe, expect, it } from 'vitest';
import { shareCall } from './share-call.js';

describe('shareCall', () => {
  it('gives all who ask meanwhile the same, and begins anew for who asks later, also after a failure', async () => {
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
