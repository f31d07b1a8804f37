import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyFault } from './key-fault.js';

describe('keyFault', () => {
  it('finds nothing wrong with nearly any text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (key) => {
        expect(keyFault(key)).toBeUndefined();
      }),
      { examples: [['active'], ['1:2:3'], [' '], ['\ud800'], ['😀'.repeat(500)]] },
    );
  });
});
