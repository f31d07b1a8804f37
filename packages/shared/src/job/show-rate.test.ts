import { expect, it } from 'vitest';
import { showRate } from './show-rate.js';

it('writes a slow rate with a decimal, so that it does not look like none', () => {
  expect([0, 0.01, 0.1, 0.4, 9.94, 9.96, 12.4, 1_234.5].map(showRate)).toEqual([
    ...['0/s', '<0.1/s', '0.1/s', '0.4/s', '9.9/s', '10/s', '12/s', '1,235/s'],
  ]);
});
