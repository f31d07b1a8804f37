import { describe, expect, it } from 'vitest';
import { attemptNumber } from './attempt-number.js';

describe('attemptNumber', () => {
  it('counts attempts from 1, and allows one at least', () => {
    const of = (attemptsMade: number, attempts?: number) => attemptNumber({ attemptsMade, opts: { attempts } });
    expect(of(0, 3)).toEqual({ attempt: 1, maxAttempts: 3 });
    expect(of(2, 3)).toEqual({ attempt: 3, maxAttempts: 3 });
    expect(of(0, 0)).toEqual({ attempt: 1, maxAttempts: 1 });
    expect(of(0)).toEqual({ attempt: 1, maxAttempts: 1 });
  });
});
