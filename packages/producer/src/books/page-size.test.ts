import { describe, expect, it } from 'vitest';
import { PageSize } from './page-size.js';

describe('PageSize', () => {
  it('grows to 500 while rows are small, and shrinks to one when they are not', () => {
    const size = new PageSize();
    expect(size.rows).toBe(16);
    for (let trip = 0; trip < 4; trip += 1) size.learn(size.rows, size.rows * 100);
    expect(size.rows).toBe(500);
    size.learn(500, 500 * 1_000_000);
    expect(size.rows).toBe(2);
    size.learn(2, 2 * 4_000_000);
    expect(size.rows).toBe(1);
    size.learn(1, 0);
    expect(size.rows).toBe(4);
  });
});
